"""The database layer: engines, company-owned sessions, migrations. Internal to the core."""
