-- Sage's side of the sandbox's file. Times are seconds since 1970 by the sandbox's clock.
CREATE TABLE IF NOT EXISTS sage_business (
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL, name TEXT NOT NULL, country TEXT NOT NULL,
  currency TEXT NOT NULL, lockdown TEXT, users TEXT NOT NULL);
-- One row of any resource; `body` holds what is not null, without id, name and times.
CREATE TABLE IF NOT EXISTS sage_record (
  seq INTEGER PRIMARY KEY, business TEXT NOT NULL, resource TEXT NOT NULL, id TEXT NOT NULL,
  displayed_as TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, deleted REAL,
  body TEXT NOT NULL, UNIQUE (business, resource, id));
-- The first answer to an idempotency_id.
CREATE TABLE IF NOT EXISTS sage_key (
  business TEXT NOT NULL, key TEXT NOT NULL, resource TEXT NOT NULL, at REAL NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (business, key));
CREATE TABLE IF NOT EXISTS sage_code (
  hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, user TEXT NOT NULL, redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL, issued_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
-- state: live, used or revoked
CREATE TABLE IF NOT EXISTS sage_token (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, chain INTEGER NOT NULL, client_id TEXT NOT NULL,
  user TEXT NOT NULL, scope TEXT NOT NULL, issued_at REAL NOT NULL,
  state TEXT NOT NULL DEFAULT 'live');
CREATE INDEX IF NOT EXISTS sage_token_chain ON sage_token (chain);
