"""Operations on files and folders. May use `io`, `wire` and `jobs`."""
