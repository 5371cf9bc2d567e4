"""Transfer 导入导出: sheets in, with a dry run and an undo; sheets out, without a cap.

An import goes :func:`open_upload` → :func:`dry_run` (→ :func:`error_workbook`) →
:func:`apply_import` → perhaps :func:`undo_import`; on pages, where a person looks at it in between,
the file waits in :mod:`.staging`. An export is :func:`export`. The libraries that
read and write workbooks load when a file is touched.
"""

from __future__ import annotations

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
)
from zhike.services.transfer.checking import Report, RowProblem, dry_run
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
from zhike.services.transfer.undoing import Blocked, UndoRefused, undo_import
from zhike.services.transfer.working import INLINE_ROWS, apply_staged, check_staged, open_staged

__all__ = [
    "INLINE_ROWS",
    "LIMITS",
    "UNDO_DAYS",
    "Applied",
    "BadUpload",
    "Blocked",
    "ExportFile",
    "ImportRefused",
    "Limits",
    "Mode",
    "Report",
    "RowProblem",
    "Staged",
    "Translate",
    "UndoRefused",
    "Upload",
    "apply_import",
    "apply_staged",
    "batch_of",
    "check_staged",
    "drop_images",
    "dry_run",
    "earlier_batch",
    "error_workbook",
    "export",
    "find_batch",
    "forget_images",
    "log_export",
    "open_staged",
    "open_upload",
    "sweep_exports",
    "sweep_uploads",
    "template",
    "undo_import",
    "write_file",
]
