;;; lsp_mode_scenario.el --- a plan for a real Emacs with lsp-mode -*- lexical-binding: t -*-

;; Run as emacs -Q --batch -l init.el -l lsp_mode_scenario.el.  Reads the plan (JSON) from the file named by DJGUIDE_PLAN and
;; writes what it saw to the one named by DJGUIDE_REPORT.  Lines and columns are 0-based, columns in characters.

(require 'cl-lib)
(require 'json)

(setq make-backup-files nil create-lockfiles nil auto-save-default nil
      lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-file-watchers nil lsp-enable-snippet nil
      lsp-idle-delay 0.1
      lsp-session-file (concat (getenv "DJGUIDE_REPORT") ".session"))

(defvar scenario-plan
  (let ((json-object-type 'alist)) (json-read-file (getenv "DJGUIDE_PLAN"))))

(defun scenario-wait (condition)
  "Wait until the function CONDITION returns non-nil; return that, or nil when it takes too long."
  (let ((end (+ (float-time) 60)) seen)
    (while (not (or (setq seen (funcall condition)) (> (float-time) end)))
      (lsp--flush-delayed-changes) ; batch Emacs is never idle
      (accept-process-output nil 0.05))
    seen))

(defun scenario-diagnostics ()
  "Code and line of each diagnostic in the buffer, in order."
  (let ((seen (mapcar (lambda (diagnostic)
                        (vector (lsp:diagnostic-code? diagnostic)
                                (lsp:position-line (lsp:range-start (lsp:diagnostic-range diagnostic)))))
                      (gethash (lsp--fix-path-casing buffer-file-name) (lsp-diagnostics t)))))
    (vconcat (sort seen (lambda (one other)
                          (or (< (aref one 1) (aref other 1))
                              (and (= (aref one 1) (aref other 1)) (string< (aref one 0) (aref other 0)))))))))

(defun scenario-shown (expected)
  "The diagnostics, once they are EXPECTED; what is there instead when that takes too long."
  (scenario-wait (lambda () (equal (scenario-diagnostics) expected)))
  (scenario-diagnostics))

(defun scenario-choose (title)
  "Take the code action TITLE at point; return the titles of all."
  (let ((actions (append (lsp-code-actions-at-point) nil)))
    (lsp-execute-code-action
     (or (cl-find title actions :key #'lsp:code-action-title :test #'equal)
         (error "No action %S in %S" title (mapcar #'lsp:code-action-title actions))))
    (vconcat (mapcar #'lsp:code-action-title actions))))

(defun scenario-run ()
  (let-alist scenario-plan
    (find-file .file)
    (lsp)
    (let* ((earlier (buffer-string))
           (before (scenario-shown .before))
           (menu (progn
                   (goto-char (point-min))
                   (forward-line .line)
                   (move-to-column .column)
                   (undo-boundary)
                   (scenario-choose .title)))
           (after (scenario-shown .after))
           (saved (progn (save-buffer) (buffer-string)))
           (last-command nil)
           (root (lsp-workspace-root)))
      (while (not (equal (buffer-string) earlier))
        (undo-boundary)
        (undo)
        (setq last-command 'undo))
      (save-buffer)
      (dolist (workspace (lsp-workspaces))
        (lsp-workspace-shutdown workspace))
      `((root . ,root) (before . ,before) (menu . ,menu) (after . ,after) (saved . ,saved)
        (undone . ,(buffer-string))))))

(let ((report (condition-case problem (scenario-run) (error `((error . ,(error-message-string problem)))))))
  (with-temp-file (getenv "DJGUIDE_REPORT")
    (insert (json-encode report))))
;; The server ends by itself, after its answer to the last request.
(let ((end (+ (float-time) 30)))
  (while (and (< (float-time) end) (cl-some #'process-live-p (process-list)))
    (accept-process-output nil 0.05)))
(kill-emacs 0)
