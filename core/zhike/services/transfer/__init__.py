"""Transfer 导入导出: sheets in, with a dry run and an undo; sheets out, without a cap.

An import goes :func:`open_upload` → :func:`dry_run` (→ :func:`error_workbook`) →
:func:`apply_import` → perhaps :func:`undo_import`; on pages, where a person looks at it in between,
the file waits in :mod:`.staging`. An export is :func:`export`. The libraries that
read and write workbooks load when a file is touched.
"""

from __future__ import annotations

from zhike.contributions import Problem
from zhike.services.transfer import staging
from zhike.services.transfer.applying import (
    UNDO_DAYS,
    Applied,
    ImportRefused,
    Mode,
    apply_import,
    batch_of,
    drop_images,
    earlier_batch,
    find_batch,
    forget_images,
    remembered,
)
from zhike.services.transfer.books import BookSheet, book_template, error_book, open_book
from zhike.services.transfer.checking import Report, RowProblem, check_rows, dry_run
from zhike.services.transfer.chunks import apply_in_chunks
from zhike.services.transfer.exporting import (
    ExportFile,
    export,
    log_export,
    sweep_exports,
    write_file,
)
from zhike.services.transfer.headings import Translate
from zhike.services.transfer.marking import error_workbook
from zhike.services.transfer.reading import LIMITS, BadUpload, Limits, Upload, open_upload
from zhike.services.transfer.staging import Staged, sweep_uploads
from zhike.services.transfer.template import template
from zhike.services.transfer.tracing import image_of
from zhike.services.transfer.undoing import Blocked, UndoRefused, restore, undo_import
from zhike.services.transfer.working import (
    INLINE_ROWS,
    apply_staged,
    apply_staged_in_chunks,
    check_staged,
    open_staged,
)

__all__ = [
    "INLINE_ROWS",
    "LIMITS",
    "UNDO_DAYS",
    "Applied",
    "BadUpload",
    "Blocked",
    "BookSheet",
    "ExportFile",
    "ImportRefused",
    "Limits",
    "Mode",
    "Problem",
    "Report",
    "RowProblem",
    "Staged",
    "Translate",
    "UndoRefused",
    "Upload",
    "apply_import",
    "apply_in_chunks",
    "apply_staged",
    "apply_staged_in_chunks",
    "batch_of",
    "book_template",
    "check_rows",
    "check_staged",
    "drop_images",
    "dry_run",
    "earlier_batch",
    "error_book",
    "error_workbook",
    "export",
    "find_batch",
    "forget_images",
    "image_of",
    "log_export",
    "open_book",
    "open_staged",
    "open_upload",
    "remembered",
    "restore",
    "staging",
    "sweep_exports",
    "sweep_uploads",
    "template",
    "undo_import",
    "write_file",
]
