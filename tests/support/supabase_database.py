"""A database shaped like one of Supabase's, as far as row-level security goes.

Roles, their attributes and memberships, the default grants in ``public`` and the functions of ``auth`` are what
Supabase's own start-up scripts and Auth migrations make. Not proved by it: that a hosted project still looks like
this on the day you ask, Supabase's event triggers, extensions and poolers, and PostgREST on top.

Roles belong to the whole server, and `service_role` bypasses policies here: use a server of its own.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from tests.support.postgres import connect, fresh_database, postgres_server

PASSWORD = "only-on-loopback"

ROLES = f"""
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
CREATE ROLE authenticator LOGIN NOINHERIT;
CREATE ROLE supabase_admin SUPERUSER LOGIN;
CREATE ROLE supabase_auth_admin NOLOGIN NOINHERIT CREATEROLE;
CREATE ROLE postgres LOGIN CREATEROLE CREATEDB REPLICATION BYPASSRLS PASSWORD '{PASSWORD}';
GRANT anon, authenticated, service_role TO authenticator;
GRANT anon, authenticated, service_role TO postgres;
"""

PUBLIC = """
GRANT USAGE ON SCHEMA public TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres, supabase_admin IN SCHEMA public
    GRANT ALL ON TABLES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres, supabase_admin IN SCHEMA public
    GRANT ALL ON FUNCTIONS TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres, supabase_admin IN SCHEMA public
    GRANT ALL ON SEQUENCES TO postgres, anon, authenticated, service_role;
"""

AUTH = """
CREATE SCHEMA auth AUTHORIZATION supabase_admin;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, postgres;
GRANT ALL ON SCHEMA auth TO supabase_auth_admin;
SET ROLE supabase_auth_admin;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
    )::text
$$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;
RESET ROLE;
"""


def make_supabase_roles(server: PostgresAddress) -> None:
    """Make the roles; once a server."""
    with connect(server) as connection:
        connection.execute(ROLES)


@contextmanager
def supabase_database(server: PostgresAddress) -> Iterator[str]:
    """Create a database on a server that has the roles; yields its address, for logging in as Supabase's `postgres`."""
    name = f"test_{uuid.uuid4().hex}"
    with connect(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER postgres").format(sql.Identifier(name)))
    try:
        with connect(server, name) as connection:
            connection.execute(PUBLIC)
            connection.execute(AUTH)
        yield PostgresAddress(server.host, server.port, "postgres", PASSWORD).url(name, driver="postgresql")
    finally:
        with connect(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def migrated_database(shape: str, server: PostgresAddress, tmp_root: Path) -> Iterator[Database]:
    """Open a migrated database: "plain" on the given server, or "supabase" on one of its own."""
    if shape == "plain":
        with fresh_database(server) as name:
            yield from _migrated(server.url(name, driver="postgresql"))
    else:
        with postgres_server(tmp_root) as own:
            make_supabase_roles(own)
            with supabase_database(own) as url:
                yield from _migrated(url)


def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
