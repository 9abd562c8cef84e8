-- What an app is allowed and told, beside its registration; limits of its own; webhooks.
CREATE TABLE IF NOT EXISTS app_setting (
  client_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (client_id, name));
-- scopes: one a line, empty for all of them.
CREATE TABLE IF NOT EXISTS app_more (
  client_id TEXT PRIMARY KEY, scopes TEXT NOT NULL DEFAULT '', webhook_secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subscription (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, Topic TEXT NOT NULL, CallbackURL TEXT NOT NULL,
  Description TEXT, IsInstant INTEGER, UserID TEXT, ClientID TEXT NOT NULL, Created INTEGER,
  Creator TEXT, CreatorFullName TEXT, Modified INTEGER, Modifier TEXT, ModifierFullName TEXT,
  UNIQUE (Division, Topic, ClientID));
-- state: waiting, told or lost; due and made_at in seconds of the sandbox's clock.
CREATE TABLE IF NOT EXISTS notification (
  seq INTEGER PRIMARY KEY, subscription TEXT NOT NULL, body TEXT NOT NULL, due REAL NOT NULL,
  made_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
  answer TEXT);
CREATE INDEX IF NOT EXISTS notification_due ON notification (state, due);
