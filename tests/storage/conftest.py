from tests.databases import cluster, database_url

__all__ = ["cluster", "database_url"]
