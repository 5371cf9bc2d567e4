"""Operations: running, backing up, restoring, upgrading and examining a site."""
