"""Operations on files and folders. May use `io`, `wire`, `jobs` and `host`."""
