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
  Main INTEGER, Created INTEGER, Modified INTEGER, StartDate INTEGER, VATNumber TEXT);
CREATE TABLE IF NOT EXISTS gl_account (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, Code TEXT COLLATE NOCASE, Description TEXT,
  SearchCode TEXT, Type INTEGER, TypeDescription TEXT, BalanceSide TEXT, BalanceType TEXT,
  IsBlocked INTEGER, VATCode TEXT COLLATE NOCASE, VATDescription TEXT, UseCostcenter INTEGER,
  UseCostunit INTEGER, Costcenter TEXT, Compress INTEGER, Matching INTEGER, ReportingCode TEXT,
  VATSystem TEXT, Created INTEGER, Modified INTEGER, Creator TEXT, CreatorFullName TEXT,
  Modifier TEXT, ModifierFullName TEXT, UNIQUE (Division, Code));
CREATE TABLE IF NOT EXISTS journal (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, Code TEXT COLLATE NOCASE, Description TEXT,
  Type INTEGER, AllowVAT INTEGER, AllowVariableCurrency INTEGER, AllowVariableExchangeRate INTEGER,
  AutoSave INTEGER, Currency TEXT, GLAccount TEXT, GLAccountCode TEXT, GLAccountDescription TEXT,
  GLAccountType INTEGER, IsBlocked INTEGER, Created INTEGER, Modified INTEGER,
  UNIQUE (Division, Code));
CREATE TABLE IF NOT EXISTS vat_code (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, Code TEXT COLLATE NOCASE, Description TEXT,
  Type TEXT, VATTransactionType TEXT, CalculationBasis INTEGER, Charged INTEGER, Country TEXT,
  Percentage REAL, GLToPay TEXT, GLToPayCode TEXT, GLToPayDescription TEXT, GLToClaim TEXT,
  GLToClaimCode TEXT, GLToClaimDescription TEXT, IsBlocked INTEGER, EUSalesListing TEXT,
  IntraStat INTEGER, VatDocType TEXT, Created INTEGER, Modified INTEGER, UNIQUE (Division, Code));
CREATE TABLE IF NOT EXISTS vat_percentage (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, VATCodeID TEXT, LineNumber INTEGER,
  Percentage REAL, StartDate INTEGER, EndDate INTEGER, Type INTEGER, Created INTEGER,
  Modified INTEGER);
CREATE TABLE IF NOT EXISTS cost_center (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, Code TEXT COLLATE NOCASE, Description TEXT,
  Active INTEGER, EndDate INTEGER, Created INTEGER, Modified INTEGER, Creator TEXT,
  CreatorFullName TEXT, Modifier TEXT, ModifierFullName TEXT, UNIQUE (Division, Code));
CREATE TABLE IF NOT EXISTS currency (
  Code TEXT NOT NULL, Division INTEGER NOT NULL, Description TEXT, AmountPrecision REAL,
  PricePrecision REAL, Created INTEGER, Modified INTEGER, PRIMARY KEY (Division, Code));
CREATE TABLE IF NOT EXISTS period (
  ID TEXT PRIMARY KEY, Division INTEGER NOT NULL, FinYear INTEGER, FinPeriod INTEGER,
  StartDate INTEGER, EndDate INTEGER, Created INTEGER, Modified INTEGER,
  UNIQUE (Division, FinYear, FinPeriod));
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
  seq INTEGER PRIMARY KEY, EntryID TEXT NOT NULL UNIQUE, Division INTEGER NOT NULL,
  JournalCode TEXT NOT NULL COLLATE NOCASE, JournalDescription TEXT, EntryNumber INTEGER NOT NULL,
  FinancialYear INTEGER, FinancialPeriod INTEGER, Currency TEXT, ExchangeRate REAL,
  Reversal INTEGER, Status INTEGER, StatusDescription TEXT, Type INTEGER, TypeDescription TEXT,
  Created INTEGER, Modified INTEGER, content TEXT, client_id TEXT);
CREATE INDEX IF NOT EXISTS entry_number ON entry (Division, JournalCode, EntryNumber);
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
  Modifier TEXT, ModifierFullName TEXT);
CREATE INDEX IF NOT EXISTS line_key ON line (Division, ID);
CREATE INDEX IF NOT EXISTS line_entry ON line (EntryID, LineNumber);
CREATE INDEX IF NOT EXISTS line_number ON line (Division, JournalCode, EntryNumber);
CREATE TABLE IF NOT EXISTS deleted (
  Timestamp INTEGER PRIMARY KEY, ID TEXT NOT NULL, Division INTEGER NOT NULL, EntityKey TEXT,
  EntityType INTEGER, DeletedDate INTEGER, DeletedBy TEXT);

CREATE TABLE IF NOT EXISTS call (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  status INTEGER NOT NULL, client_id TEXT, division INTEGER, ms REAL NOT NULL, fault TEXT,
  counted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS call_at ON call (at);
CREATE TABLE IF NOT EXISTS finding (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, rule TEXT NOT NULL, client_id TEXT, division INTEGER,
  method TEXT, path TEXT, detail TEXT NOT NULL);
