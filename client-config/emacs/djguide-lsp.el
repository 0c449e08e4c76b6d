;;; djguide-lsp.el --- djguide in Emacs, with lsp-mode -*- lexical-binding: t -*-

;; Needs `djguide' on `exec-path'; see the README beside this file.

;;; Code:

(require 'lsp-mode)

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection '("djguide" "server" "--stdio"))
  :activation-fn (lambda (file _mode)
                   (string-match-p "\\.\\(py\\|html?\\|djhtml\\)\\'" file))
  ;; Beside ruff and a type checker, not instead of them.
  :add-on? t
  :multi-root t
  :server-id 'djguide))

(provide 'djguide-lsp)
;;; djguide-lsp.el ends here
