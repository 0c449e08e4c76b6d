;;; djguide-eglot.el --- djguide in Emacs, with Eglot -*- lexical-binding: t -*-

;; Needs `djguide' on `exec-path'; see the README beside this file.

;;; Code:

(require 'eglot)
(require 'project)

(add-to-list 'eglot-server-programs
             '((python-mode python-ts-mode) . ("djguide" "server" "--stdio")))

;; Templates: djguide knows which of them are Django's by where they are.
(add-to-list 'eglot-server-programs
             '((html-mode mhtml-mode html-ts-mode web-mode) . ("djguide" "server" "--stdio")))

(defun djguide-project (directory)
  "The Django project that holds DIRECTORY, for `project-find-functions'."
  (let ((root (locate-dominating-file directory "manage.py")))
    (and root (cons 'transient root))))

;; Last: a repository goes before the project in it.
(add-hook 'project-find-functions #'djguide-project 90)

(provide 'djguide-eglot)
;;; djguide-eglot.el ends here
