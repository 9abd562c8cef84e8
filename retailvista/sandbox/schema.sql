-- The sandbox's one SQLite file. Entity tables carry Exact's own property names as columns;
-- DateTime columns hold milliseconds of the local wall clock, as Exact sends them.
CREATE TABLE IF NOT EXISTS setting (
  name TEXT NOT NULL, division INTEGER NOT NULL DEFAULT 0, value TEXT NOT NULL,
  PRIMARY KEY (name, division));
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS app (
  client_id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL, redirect_uris TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS user (
  name TEXT PRIMARY KEY COLLATE NOCASE, id TEXT NOT NULL, password_hash TEXT NOT NULL,
  full_name TEXT NOT NULL, language TEXT NOT NULL, reason TEXT, divisions TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS login (
  hash TEXT PRIMARY KEY, user TEXT NOT NULL, csrf TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS code (
  hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, user TEXT NOT NULL, divisions TEXT NOT NULL,
  redirect_uri TEXT NOT NULL, issued_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS chain (
  id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, user TEXT NOT NULL, divisions TEXT NOT NULL,
  issued_at REAL NOT NULL, ended TEXT);
CREATE INDEX IF NOT EXISTS chain_of ON chain (client_id, user);
-- state: live, used, or stale (a pair that was replaced before it was ever used)
CREATE TABLE IF NOT EXISTS token (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, chain INTEGER NOT NULL, pair INTEGER NOT NULL,
  issued_at REAL NOT NULL, state TEXT NOT NULL DEFAULT 'live');
CREATE INDEX IF NOT EXISTS token_of ON token (chain, pair);
CREATE TABLE IF NOT EXISTS token_call (
  client_id TEXT NOT NULL, user TEXT NOT NULL, day TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (client_id, user, day));

CREATE TABLE IF NOT EXISTS division (
  Code INTEGER PRIMARY KEY, Hid INTEGER, Description TEXT, Currency TEXT, Country TEXT,
  Legislation TEXT, Status INTEGER, BlockingStatus INTEGER, CustomerCode TEXT, CustomerName TEXT,
  Main INTEGER, Created INTEGER, Modified INTEGER, StartDate INTEGER, VATNumber TEXT,
  DivisionMoveDate INTEGER);
-- The generic store: one row of any endpoint that has no table of its own. `Timestamp` is the
-- rowversion, raised at every change; `body` holds the properties that are not null.
CREATE TABLE IF NOT EXISTS record (
  Timestamp INTEGER PRIMARY KEY, entity TEXT NOT NULL, Division INTEGER NOT NULL,
  key TEXT NOT NULL COLLATE NOCASE, parent TEXT, Modified INTEGER, body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS record_key ON record (entity, Division, key);
CREATE INDEX IF NOT EXISTS record_stamp ON record (entity, Division);
CREATE INDEX IF NOT EXISTS record_modified ON record (entity, Division, Modified);
CREATE INDEX IF NOT EXISTS record_parent ON record (parent) WHERE parent IS NOT NULL;
CREATE VIEW IF NOT EXISTS gl_account AS
  SELECT key AS ID, Division, body ->> 'Code' AS Code, body ->> 'Description' AS Description,
    body ->> 'Type' AS Type, body ->> 'BalanceType' AS BalanceType
  FROM record WHERE entity = 'financial/GLAccounts';
CREATE VIEW IF NOT EXISTS journal AS
  SELECT key AS ID, Division, body ->> 'Code' AS Code, body ->> 'Description' AS Description,
    body ->> 'Type' AS Type
  FROM record WHERE entity = 'financial/Journals';
CREATE VIEW IF NOT EXISTS period AS
  SELECT Division, body ->> 'FinYear' AS FinYear, body ->> 'FinPeriod' AS FinPeriod,
    body ->> 'StartDate' AS StartDate, body ->> 'EndDate' AS EndDate
  FROM record WHERE entity = 'financial/FinancialPeriods';
-- Journal '' closes the period for every journal.
CREATE TABLE IF NOT EXISTS closed (
  Division INTEGER NOT NULL, Journal TEXT NOT NULL, Year INTEGER NOT NULL, Period INTEGER NOT NULL,
  PRIMARY KEY (Division, Journal, Year, Period));
CREATE VIEW IF NOT EXISTS journal_status AS
  SELECT j.Division AS Division, j.Code AS Journal, p.FinPeriod AS Period, p.FinYear AS Year,
    j.Description AS JournalDescription, j.Type AS JournalType,
    CASE j.Type WHEN 10 THEN 'Cash' WHEN 12 THEN 'Bank' WHEN 20 THEN 'Sales' WHEN 22 THEN 'Purchase'
      ELSE 'General journal' END AS JournalTypeDescription,
    CASE WHEN c.Year IS NULL THEN 0 ELSE 1 END AS Status,
    CASE WHEN c.Year IS NULL THEN 'open' ELSE 'closed' END AS StatusDescription
  FROM journal j JOIN period p ON p.Division = j.Division
  LEFT JOIN (SELECT DISTINCT Division, Journal, Year, Period FROM closed) c
    ON c.Division = j.Division AND c.Journal IN ('', j.Code)
    AND c.Year = p.FinYear AND c.Period = p.FinPeriod;

CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, EntryID TEXT NOT NULL UNIQUE,
  Division INTEGER NOT NULL,
  JournalCode TEXT NOT NULL COLLATE NOCASE, JournalDescription TEXT, EntryNumber INTEGER NOT NULL,
  FinancialYear INTEGER, FinancialPeriod INTEGER, Currency TEXT, ExchangeRate REAL,
  Reversal INTEGER, Status INTEGER, StatusDescription TEXT, Type INTEGER, TypeDescription TEXT,
  Created INTEGER, Modified INTEGER, content TEXT, client_id TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS entry_number ON entry (Division, JournalCode, EntryNumber);
CREATE INDEX IF NOT EXISTS entry_any_number ON entry (Division, EntryNumber);
CREATE INDEX IF NOT EXISTS entry_key ON entry (Division, EntryID);
CREATE INDEX IF NOT EXISTS entry_content ON entry (content);
CREATE TABLE IF NOT EXISTS line (
  Timestamp INTEGER PRIMARY KEY, ID TEXT NOT NULL, Division INTEGER NOT NULL,
  EntryID TEXT NOT NULL, EntryNumber INTEGER NOT NULL, LineNumber INTEGER NOT NULL,
  LineType INTEGER, Type INTEGER, Status INTEGER, Date INTEGER, FinancialYear INTEGER,
  FinancialPeriod INTEGER, JournalCode TEXT COLLATE NOCASE, JournalDescription TEXT,
  GLAccount TEXT, GLAccountCode TEXT COLLATE NOCASE, GLAccountDescription TEXT, Account TEXT,
  AmountFC REAL, AmountDC REAL, AmountVATFC REAL, AmountVATDC REAL, VATBaseAmountFC REAL,
  VATBaseAmountDC REAL, VATCode TEXT COLLATE NOCASE, VATCodeDescription TEXT, VATPercentage REAL,
  VATType TEXT, CostCenter TEXT COLLATE NOCASE, CostCenterDescription TEXT, CostUnit TEXT,
  Currency TEXT, ExchangeRate REAL, Description TEXT, Notes TEXT, OurRef INTEGER, Quantity REAL,
  OffsetID TEXT, Created INTEGER, Modified INTEGER, Creator TEXT, CreatorFullName TEXT,
  Modifier TEXT, ModifierFullName TEXT, kind TEXT NOT NULL DEFAULT 'general', Reversal INTEGER,
  -- R receivable, P payable: the lines that the aging overview counts.
  Ledger TEXT, AccountCode TEXT, AccountName TEXT, DueDate INTEGER, CostUnitDescription TEXT,
  InvoiceNumber INTEGER, YourRef TEXT COLLATE NOCASE, PaymentReference TEXT, Document TEXT,
  DocumentNumber INTEGER, DocumentSubject TEXT, Asset TEXT, Project TEXT);
CREATE INDEX IF NOT EXISTS line_key ON line (Division, ID);
-- With the rowid behind it: the rows of a division in the order of their rowversion.
CREATE INDEX IF NOT EXISTS line_division ON line (Division);
CREATE INDEX IF NOT EXISTS line_entry ON line (EntryID, LineNumber);
CREATE INDEX IF NOT EXISTS line_number ON line (Division, JournalCode, EntryNumber);
CREATE INDEX IF NOT EXISTS line_offset ON line (OffsetID) WHERE OffsetID IS NOT NULL;
CREATE INDEX IF NOT EXISTS line_ledger ON line (Division, Ledger) WHERE Ledger IS NOT NULL;
-- The sums of the lines, kept up with every entry: what a general ledger card would say.
CREATE TABLE IF NOT EXISTS balance (
  ID INTEGER PRIMARY KEY, Division INTEGER NOT NULL, GLAccount TEXT NOT NULL,
  ReportingYear INTEGER NOT NULL, ReportingPeriod INTEGER NOT NULL, CostCenterCode TEXT NOT NULL,
  CostUnitCode TEXT NOT NULL, Status INTEGER NOT NULL, Type INTEGER NOT NULL,
  debit INTEGER NOT NULL, credit INTEGER NOT NULL, Count INTEGER NOT NULL,
  UNIQUE (Division, GLAccount, ReportingYear, ReportingPeriod, CostCenterCode, CostUnitCode,
    Status, Type));
CREATE VIEW IF NOT EXISTS reporting_balance AS
  SELECT b.ID AS ID, b.Division AS Division, g.ID AS GLAccount, g.Code AS GLAccountCode,
    g.Description AS GLAccountDescription, g.BalanceType AS BalanceType,
    b.ReportingYear AS ReportingYear, b.ReportingPeriod AS ReportingPeriod,
    nullif(b.CostCenterCode, '') AS CostCenterCode, nullif(b.CostUnitCode, '') AS CostUnitCode,
    b.Status AS Status, b.Type AS Type, b.Count AS Count, b.debit / 100.0 AS AmountDebit,
    b.credit / 100.0 AS AmountCredit, (b.debit - b.credit) / 100.0 AS Amount
  FROM balance b LEFT JOIN gl_account g ON g.ID = b.GLAccount AND g.Division = b.Division
  WHERE b.Count > 0;
CREATE TABLE IF NOT EXISTS aging (
  Division INTEGER NOT NULL, AgeGroup INTEGER NOT NULL, AgeGroupDescription TEXT,
  AmountPayable REAL, AmountReceivable REAL, CurrencyCode TEXT, PRIMARY KEY (Division, AgeGroup));
CREATE TABLE IF NOT EXISTS profit_loss (
  Division INTEGER PRIMARY KEY, CurrentYear INTEGER, CurrentPeriod INTEGER, PreviousYear INTEGER,
  PreviousYearPeriod INTEGER, CurrencyCode TEXT, CostsCurrentPeriod REAL, CostsCurrentYear REAL,
  CostsPreviousYear REAL, CostsPreviousYearPeriod REAL, ResultCurrentPeriod REAL,
  ResultCurrentYear REAL, ResultPreviousYear REAL, ResultPreviousYearPeriod REAL,
  RevenueCurrentPeriod REAL, RevenueCurrentYear REAL, RevenuePreviousYear REAL,
  RevenuePreviousYearPeriod REAL);
CREATE TABLE IF NOT EXISTS deleted (
  Timestamp INTEGER PRIMARY KEY, ID TEXT NOT NULL, Division INTEGER NOT NULL, EntityKey TEXT,
  EntityType INTEGER, DeletedDate INTEGER, DeletedBy TEXT);

-- Requests whose commit is late: due in seconds of the sandbox's clock; no token is in it.
CREATE TABLE IF NOT EXISTS late (seq INTEGER PRIMARY KEY, due REAL NOT NULL, request TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS call (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  status INTEGER NOT NULL, client_id TEXT, division INTEGER, ms REAL NOT NULL, fault TEXT,
  counted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS call_at ON call (at);
CREATE TABLE IF NOT EXISTS finding (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, rule TEXT NOT NULL, client_id TEXT, division INTEGER,
  method TEXT, path TEXT, detail TEXT NOT NULL);
