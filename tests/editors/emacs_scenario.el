;;; emacs_scenario.el --- a plan for a real Emacs with Eglot -*- lexical-binding: t -*-

;; Run as emacs -Q --batch -l init.el -l emacs_scenario.el.  Reads the plan (JSON) from the file named by DJGUIDE_PLAN and
;; writes what it saw to the one named by DJGUIDE_REPORT.  Lines and columns are 0-based, columns in characters.

(require 'cl-lib)
(require 'json)
(require 'flymake)

(setq make-backup-files nil create-lockfiles nil auto-save-default nil flymake-no-changes-timeout 0.1)

(defvar scenario-plan
  (let ((json-object-type 'alist)) (json-read-file (getenv "DJGUIDE_PLAN"))))
(defvar scenario-report nil)

(defun scenario-wait (condition)
  "Wait until the function CONDITION returns non-nil; return that, or nil when it takes too long."
  (let ((end (+ (float-time) 60)) (again 0) seen)
    (while (not (or (setq seen (funcall condition)) (> (float-time) end)))
      ;; Batch Emacs is never idle: what Eglot and Flymake leave to idle timers is run by hand.
      (eglot--signal-textDocument/didChange)
      (when (> (float-time) again) ; not while a checker still runs: that would be stopped
        (flymake-start)
        (setq again (+ (float-time) 2)))
      (accept-process-output nil 0.05))
    seen))

(defun scenario-diagnostics ()
  "Code and position of each diagnostic of djguide in the buffer, in order."
  (vconcat
   (mapcar
    (lambda (diagnostic)
      (goto-char (flymake-diagnostic-beg diagnostic))
      (list (plist-get (alist-get 'eglot-lsp-diag (flymake-diagnostic-data diagnostic)) :code)
            (1- (line-number-at-pos)) (current-column)))
    (sort (flymake-diagnostics)
          (lambda (one other) (< (flymake-diagnostic-beg one) (flymake-diagnostic-beg other)))))))

(defun scenario-shown (expected)
  "The diagnostics, once they are on the EXPECTED lines; what is there instead when that takes too long."
  (save-excursion
    (scenario-wait
     (lambda ()
       (equal (mapcar (lambda (seen) (format "%s %s" (nth 0 seen) (nth 1 seen))) (scenario-diagnostics))
              (mapcar (lambda (line) (format "%s %s" (aref line 0) (aref line 1))) expected))))
    (scenario-diagnostics)))

(defun scenario-move (line column)
  (goto-char (point-min))
  (forward-line line)
  (move-to-column column))

(defun scenario-open (file)
  "Visit FILE with Eglot on, as `eglot-ensure' does after the next command."
  (switch-to-buffer (find-file-noselect file))
  (unless (eglot-managed-p)
    (if (eglot-current-server)
        (eglot--maybe-activate-editing-mode)
      (apply #'eglot (eglot--guess-contact)))))

(defun scenario-choose (title)
  "Take the code action TITLE at point, as \\[eglot-code-actions] does; return the titles in its menu."
  (let (menu)
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt choices &rest _)
                 (setq menu (all-completions "" choices))
                 (or (car (member title menu)) (error "No action %S in %S" title menu))))
              ;; A fix in a file that no buffer visits asks before it is made.
              ((symbol-function 'y-or-n-p) (lambda (&rest _) t)))
      (eglot-code-actions (point) (point) nil t))
    (vconcat menu)))

(defun scenario-undo (earlier)
  "Undo until the text is EARLIER, and save."
  (let ((last-command nil))
    (while (not (equal (buffer-string) earlier))
      (undo-boundary)
      (undo)
      (setq last-command 'undo)))
  (let ((file buffer-file-name))
    (save-buffer)
    (with-temp-buffer (insert-file-contents file) (buffer-string))))

(defun scenario-repair (step)
  "Apply a fix within a file."
  (let-alist step
    (scenario-open .file)
    (let* ((earlier (buffer-string))
           (before (scenario-shown .before))
           (menu (progn (scenario-move .line .column) (undo-boundary) (scenario-choose .title)))
           (after (scenario-shown .after))
           (saved (progn (save-buffer) (buffer-string))))
      `((before . ,before) (menu . ,menu) (after . ,after) (saved . ,saved)
        (undone . ,(scenario-undo earlier))))))

(defun scenario-far (step)
  "Apply a fix that changes another file."
  (let-alist step
    (scenario-open .file)
    (scenario-shown .before)
    (scenario-move .line .column)
    (scenario-choose .title)
    (with-current-buffer (find-file-noselect .cause)
      (let ((text (buffer-string)))
        (set-buffer-modified-p nil)
        (kill-buffer)
        `((text . ,text))))))

(defun scenario-typed (step)
  "Type a fault at the end of a file, and repair it."
  (let-alist step
    (scenario-open .file)
    (let ((earlier (buffer-string)) (before (scenario-diagnostics)) found)
      (goto-char (point-max))
      (undo-boundary)
      (insert .text)
      (setq found
            (scenario-wait
             (lambda ()
               (cl-find-if (lambda (seen) (and (equal (car seen) .code) (> (nth 1 seen) .line)))
                           (save-excursion (scenario-diagnostics))))))
      (scenario-move (nth 1 found) (nth 2 found))
      (undo-boundary)
      (let ((menu (scenario-choose .title)))
        `((found . ,found) (menu . ,menu) (repaired . ,(buffer-string)) (undone . ,(scenario-undo earlier)))))))

;; Nil in batch, and then Eglot would open a menu of a window system.
(setq last-nonmenu-event ?\r)

(defun scenario-save (step)
  "Add a fault to a file and save it; what the file then holds."
  (let-alist step
    (scenario-open .file)
    (goto-char (point-max))
    (insert .text)
    (scenario-wait
     (lambda ()
       (and (cl-find .code (scenario-diagnostics) :key #'car :test #'equal)
            (cl-find-if (lambda (diagnostic) (string-match-p .other (flymake-diagnostic-text diagnostic)))
                        (flymake-diagnostics)))))
    (let ((messages (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
      (save-buffer)
      (with-temp-buffer
        (insert-file-contents .file)
        `((saved . ,(buffer-string)) (messages . ,(vconcat messages)))))))

(condition-case problem
    (progn
      (dolist (step (append (alist-get 'steps scenario-plan) nil))
        (push (funcall (intern (concat "scenario-" (alist-get 'kind step))) step) scenario-report))
      (setq scenario-report `((root . ,(expand-file-name (project-root (eglot--project (eglot-current-server)))))
                              (steps . ,(vconcat (reverse scenario-report)))))
      (eglot-shutdown (eglot-current-server) nil 30))
  (error (setq scenario-report
               `((error . ,(error-message-string problem)) (steps . ,(vconcat (reverse scenario-report)))))))

(with-temp-file (getenv "DJGUIDE_REPORT")
  (insert (json-encode scenario-report)))
(kill-emacs 0)
