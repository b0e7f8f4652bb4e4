"""What a drill says of each fault that is planted in archives of age."""

from tools.backups.part import Fault

OF_AGE: tuple[tuple[Fault | None, str], ...] = (
    (None, ""),
    (Fault.OLD, "the sentinel is old: of 20"),
    (Fault.MISSING, "is missing after the restore"),
    (Fault.TRUNCATED, "cannot be opened (decryption error)"),
    (Fault.CORRUPT, "cannot be opened (decryption error)"),
    (Fault.WRONG_KEY, "cannot be opened (No matching keys found)"),
)
