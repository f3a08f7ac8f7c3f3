-- Times are microseconds since 1970 in UTC. sum is the CRC-32C of the row's other columns (row.go): SQLite keeps no
-- checksums of its own. Wide columns come last, so that a filter on the others does not read them.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
  id      INTEGER PRIMARY KEY,
  scope   TEXT    NOT NULL,
  cluster TEXT    NOT NULL,
  version INTEGER NOT NULL,
  ended   INTEGER NOT NULL,
  saved   INTEGER NOT NULL,
  sum     INTEGER NOT NULL,
  body    BLOB    NOT NULL,
  UNIQUE (scope, cluster)
) STRICT;
CREATE INDEX documents_live  ON documents (scope, cluster) WHERE ended = 0;
CREATE INDEX documents_ended ON documents (saved) WHERE ended <> 0;

-- AUTOINCREMENT: a number is never given twice, so that a follower misses nothing after a prune.
-- Each index but the last ends in seq (the rowid), the order of every page of history.
CREATE TABLE records (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  id       TEXT    NOT NULL UNIQUE,
  scope    TEXT    NOT NULL,
  cluster  TEXT,
  at       INTEGER NOT NULL,
  kind     TEXT    NOT NULL,
  grp      TEXT,
  pool     TEXT,
  recovery TEXT,
  sum      INTEGER NOT NULL,
  author   TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  data     BLOB    NOT NULL
) STRICT;
CREATE INDEX records_scope    ON records (scope);
CREATE INDEX records_cluster  ON records (cluster)  WHERE cluster  IS NOT NULL;
CREATE INDEX records_grp      ON records (grp)      WHERE grp      IS NOT NULL;
CREATE INDEX records_pool     ON records (pool)     WHERE pool     IS NOT NULL;
CREATE INDEX records_recovery ON records (recovery) WHERE recovery IS NOT NULL;
CREATE INDEX records_kind     ON records (kind);
CREATE INDEX records_at       ON records (at, kind);

CREATE TABLE leases (
  scope      TEXT    PRIMARY KEY,
  owner      TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  note       TEXT    NOT NULL,
  sum        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  id       TEXT    NOT NULL UNIQUE,
  scope    TEXT    NOT NULL,
  cluster  TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  author   TEXT    NOT NULL,
  body     BLOB    NOT NULL,
  answered INTEGER,
  refused  INTEGER NOT NULL DEFAULT 0,
  answer   TEXT    NOT NULL DEFAULT '',
  sum      INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_open     ON orders (scope)    WHERE answered IS NULL;
CREATE INDEX orders_answered ON orders (answered) WHERE answered IS NOT NULL;
