;;; djguide-lsp.el --- djguide in Emacs, with lsp-mode -*- lexical-binding: t -*-

;; Needs `djguide' on `exec-path'; see the README beside this file.

;;; Code:

(require 'lsp-mode)
(require 'project)

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection '("djguide" "server" "--stdio"))
  :activation-fn (lambda (file _mode)
                   (string-match-p "\\.\\(py\\|html?\\|djhtml\\)\\'" file))
  ;; Beside ruff and a type checker, not instead of them.
  :add-on? t
  :multi-root t
  :server-id 'djguide))

(defun djguide-lsp-project (directory)
  "The Django project that holds DIRECTORY, for `project-find-functions'."
  (let ((root (locate-dominating-file directory "manage.py")))
    (and root (cons 'transient root))))

;; Last: a repository goes before the project in it.  It is what lsp-mode suggests, or takes with `lsp-auto-guess-root'.
(add-hook 'project-find-functions #'djguide-lsp-project 90)

(provide 'djguide-lsp)
;;; djguide-lsp.el ends here
