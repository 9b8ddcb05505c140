-- +goose Up

-- What one database knows of itself: 'run', the id of the last opening (law S7).
CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
	name  TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Authors as they were called then: a change points here with one or two bytes
-- instead of repeating id, name and color. A change's hash covers the id, so that
-- a name can be erased; digest covers the row, so that a flipped byte is noticed.
-- Rows may come to be equal, by an erasure.
CREATE TABLE authors (
	id     INTEGER PRIMARY KEY,
	user   BLOB NOT NULL,
	name   TEXT NOT NULL,
	color  TEXT NOT NULL,
	digest BLOB NOT NULL
) STRICT;

CREATE INDEX authors_user ON authors (user, name, color);

-- The catalogue and each log's head. Times are µs since 1970.
CREATE TABLE documents (
	id         INTEGER PRIMARY KEY,
	uuid       BLOB NOT NULL UNIQUE,
	epoch      BLOB NOT NULL,
	revision   INTEGER NOT NULL,
	hash       BLOB NOT NULL,
	bytes      INTEGER NOT NULL, -- of the deltas in the log
	updated_at INTEGER NOT NULL,
	updated_by INTEGER NOT NULL,
	-- The minute of updated_at. The list is sorted by it through an index and
	-- within a minute by updated_at, so that an append touches the index at
	-- most once a minute instead of every time.
	listed     INTEGER NOT NULL,
	trashed_at INTEGER NOT NULL, -- 0: not in the trash
	created_at INTEGER NOT NULL,
	created_by INTEGER NOT NULL,
	title      TEXT NOT NULL,
	folded     TEXT NOT NULL, -- title, case folded, for the search
	snapshots  BLOB NOT NULL  -- revisions that have a snapshot: uvarints, each the distance from the one before
) STRICT;

CREATE INDEX documents_living ON documents (listed) WHERE trashed_at = 0;
CREATE INDEX documents_trashed ON documents (listed) WHERE trashed_at > 0;

-- Which epoch the changes after a revision belong to: one row at the creation,
-- one more at each restore. The chain can be followed across them.
CREATE TABLE epochs (
	document INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	epoch    BLOB NOT NULL,
	PRIMARY KEY (document, revision)
) STRICT, WITHOUT ROWID;

-- Clients whose changes are in a document's log. The row stays, the log points
-- to it; what deduplication knows (law S2) is forgotten after 90 idle days.
CREATE TABLE clients (
	id       INTEGER PRIMARY KEY,
	document INTEGER NOT NULL,
	client   BLOB NOT NULL,
	user     BLOB,    -- NULL: never deduplicated (the creation's change)
	seq      INTEGER,
	revision INTEGER,
	digest   BLOB,    -- NULL: forgotten
	seen_at  INTEGER, -- µs
	UNIQUE (document, client)
) STRICT;

-- The log. A rowid table whose rows are added at its end, with one index. No
-- foreign keys, here as elsewhere: three lookups per change would guard against
-- a fault of this package's own, which verify names as well.
CREATE TABLE changes (
	id       INTEGER PRIMARY KEY,
	document INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	client   INTEGER NOT NULL, -- clients.id, 0: none
	seq      INTEGER NOT NULL,
	author   INTEGER NOT NULL, -- authors.id
	at       INTEGER NOT NULL, -- µs
	hash     BLOB NOT NULL,
	delta    BLOB NOT NULL,
	UNIQUE (document, revision)
) STRICT;

CREATE TABLE snapshots (
	id       INTEGER PRIMARY KEY,
	document INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	hash     BLOB NOT NULL, -- of the log at revision
	digest   BLOB NOT NULL, -- SHA-256 of all the rest of the row: a flipped byte is noticed
	content  BLOB NOT NULL,
	UNIQUE (document, revision)
) STRICT;
