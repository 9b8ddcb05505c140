-- +goose Up

-- Accounts, rights and the audit log. Ids are the UUIDs themselves: a grant may
-- come before its document, and a guest who visits has no row. Times are µs
-- since 1970, 0 for none; an id that may be absent is NULL.
CREATE TABLE users (
	id           BLOB NOT NULL PRIMARY KEY,
	name         TEXT NOT NULL,
	folded       TEXT NOT NULL, -- name, case folded, for the search and the order
	color        TEXT NOT NULL,
	mail         TEXT NOT NULL,
	standing     INTEGER NOT NULL,
	password     TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	seen_at      INTEGER NOT NULL,
	suspended_at INTEGER NOT NULL,
	erased_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_mail ON users (mail) WHERE mail <> '';
CREATE INDEX users_list ON users (folded, id) WHERE erased_at = 0;
CREATE INDEX users_owners ON users (id) WHERE standing = 3 AND suspended_at = 0 AND erased_at = 0;

CREATE TABLE pictures (
	user BLOB NOT NULL PRIMARY KEY,
	png  BLOB NOT NULL
) STRICT;

CREATE TABLE identities (
	issuer  TEXT NOT NULL,
	subject TEXT NOT NULL,
	user    BLOB NOT NULL,
	PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_user ON identities (user);

CREATE TABLE logins (
	id         BLOB NOT NULL PRIMARY KEY,
	user       BLOB NOT NULL,
	digest     BLOB NOT NULL UNIQUE,
	method     TEXT NOT NULL,
	agent      TEXT NOT NULL,
	address    TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX logins_user ON logins (user);

CREATE TABLE tickets (
	id         BLOB NOT NULL PRIMARY KEY,
	kind       TEXT NOT NULL,
	digest     BLOB NOT NULL UNIQUE,
	user       BLOB,
	mail       TEXT NOT NULL,
	standing   INTEGER NOT NULL,
	groups     BLOB NOT NULL, -- ids, one after the other
	created_by BLOB,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	used_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
	id         BLOB NOT NULL PRIMARY KEY,
	name       TEXT NOT NULL,
	folded     TEXT NOT NULL UNIQUE,
	external   TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
	user  BLOB NOT NULL,
	team  BLOB NOT NULL, -- groups.id
	PRIMARY KEY (user, team)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_team ON members (team);

CREATE TABLE grants (
	document   BLOB NOT NULL,
	kind       INTEGER NOT NULL,
	subject    BLOB NOT NULL,
	rank       INTEGER NOT NULL,
	granted_by BLOB,
	granted_at INTEGER NOT NULL,
	PRIMARY KEY (document, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_subject ON grants (kind, subject);

CREATE TABLE links (
	id         BLOB NOT NULL PRIMARY KEY,
	document   BLOB NOT NULL,
	digest     BLOB NOT NULL UNIQUE,
	rank       INTEGER NOT NULL,
	password   TEXT NOT NULL,
	created_by BLOB,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX links_document ON links (document);

CREATE TABLE visits (
	user BLOB NOT NULL,
	link BLOB NOT NULL,
	at   INTEGER NOT NULL,
	PRIMARY KEY (user, link)
) STRICT, WITHOUT ROWID;

CREATE INDEX visits_link ON visits (link);

CREATE TABLE requests (
	document BLOB NOT NULL,
	user     BLOB NOT NULL,
	rank     INTEGER NOT NULL,
	message  TEXT NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (document, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_user ON requests (user);

CREATE TABLE tokens (
	id         BLOB NOT NULL PRIMARY KEY,
	kind       TEXT NOT NULL,
	user       BLOB NOT NULL,
	name       TEXT NOT NULL,
	digest     BLOB NOT NULL UNIQUE,
	ceiling    INTEGER NOT NULL,
	admin      INTEGER NOT NULL,
	document   BLOB,
	created_by BLOB,
	created_at INTEGER NOT NULL,
	used_at    INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_user ON tokens (user);

-- AUTOINCREMENT: a number is never given twice, even when all lines expired.
CREATE TABLE audit (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	at       INTEGER NOT NULL,
	action   TEXT NOT NULL,
	outcome  TEXT NOT NULL,
	actor    BLOB,
	name     TEXT NOT NULL,
	address  TEXT NOT NULL,
	document BLOB,
	subject  BLOB,
	detail   TEXT NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_action ON audit (action);
CREATE INDEX audit_actor ON audit (actor) WHERE actor IS NOT NULL;
CREATE INDEX audit_document ON audit (document) WHERE document IS NOT NULL;
CREATE INDEX audit_subject ON audit (subject) WHERE subject IS NOT NULL;
