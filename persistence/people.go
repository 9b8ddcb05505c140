package persistence

import (
	"context"
	"errors"
	"time"
)

// Sentinel errors of people and rights.
var (
	// ErrLastOwner: nobody who can sign in would own the server any more.
	ErrLastOwner = errors.New("the last owner stays")
	// ErrUsed: a one-time secret was used before.
	ErrUsed = errors.New("already used")
	// ErrExpired: a secret, login or link was good once.
	ErrExpired = errors.New("expired")
)

// Standing is what an account is on the whole server, beside its roles in
// documents.
type Standing uint8

// Standings, each including those before it.
const (
	StandingGuest  Standing = iota // no account: came by a share link or an open door
	StandingMember                 // signs in, creates documents
	StandingAdmin                  // also manages people, groups and settings
	StandingOwner                  // also makes and unmakes admins and owners
)

// Rank is a role in a document as stores keep it: the numbers of
// protocol.Role. A store only compares them.
type Rank uint8

// User is an account. Guests have none: they are an Author of their changes
// and a holder of visits.
type User struct {
	ID    ID
	Name  string
	Color string // "#rrggbb"
	// Mail is the address in the form it is compared by (trimmed, lower case),
	// unique among users; "" is none.
	Mail     string
	Standing Standing
	// Password is a salted hash in PHC form; "" is none: the account signs in
	// by an identity, or not at all.
	Password    string
	CreatedAt   time.Time
	SeenAt      time.Time // last sign-in or use of a login, to the minute
	SuspendedAt time.Time // zero: active
	ErasedAt    time.Time // zero: not erased. An erased user has no name, mail, password or picture
}

// Active says whether the account may be used.
func (u *User) Active() bool { return u.SuspendedAt.IsZero() && u.ErasedAt.IsZero() }

// Identity is an account's name at a sign-in provider. It is linked by issuer
// and subject, never by mail alone.
type Identity struct {
	Issuer  string
	Subject string
	User    ID
}

// Login is a browser's signed-in state.
type Login struct {
	ID        ID
	User      ID
	Digest    Hash   // SHA-256 of the cookie's secret; the secret itself is nowhere
	Method    string // "password", "oidc", "proxy", "link" (one-time link)
	Agent     string // what the browser calls itself, shortened
	Address   string // where it signed in from
	CreatedAt time.Time
	SeenAt    time.Time // last use, to the minute
	ExpiresAt time.Time // absolute
}

// TicketKind is what a one-time secret is for.
type TicketKind string

// Kinds of tickets.
const (
	TicketSetup      TicketKind = "setup"      // the first owner
	TicketInvitation TicketKind = "invitation" // a new account
	TicketReset      TicketKind = "reset"      // a new password for User
)

// Ticket is a one-time secret that travels as a link.
type Ticket struct {
	ID        ID
	Kind      TicketKind
	Digest    Hash // SHA-256 of the secret
	User      ID   // of a reset: whose password
	Mail      string
	Standing  Standing // of an invitation
	Groups    []ID     // of an invitation: to be a member of
	CreatedBy ID       // zero: the program itself
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not used
}

// Group is a set of users that grants name as one.
type Group struct {
	ID   ID
	Name string // unique by FoldTitle
	// External is the name by which a sign-in provider tells membership; ""
	// for groups kept here.
	External  string
	CreatedAt time.Time
}

// SubjectKind says what a grant is given to.
type SubjectKind uint8

// Kinds of subjects.
const (
	SubjectUser SubjectKind = iota + 1
	SubjectGroup
)

// Grant gives a user or a group a role in a document. One per document and
// subject; the owner of a document is the grant with the owner's rank.
type Grant struct {
	Document  ID
	Kind      SubjectKind
	Subject   ID
	Rank      Rank
	GrantedBy ID
	GrantedAt time.Time
}

// ShareLink lets whoever holds its secret into a document with a role.
type ShareLink struct {
	ID       ID
	Document ID
	Digest   Hash // SHA-256 of the secret, which is derived from ID and a key of the server
	Rank     Rank
	// Password is a salted hash in PHC form; "" is none.
	Password  string
	CreatedBy ID
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// Visit remembers that somebody - a user or a guest - opened a share link.
// It goes with its link.
type Visit struct {
	User ID
	Link ID
	At   time.Time
}

// TokenKind says whose rights an API token has.
type TokenKind string

// Kinds of tokens.
const (
	TokenPersonal TokenKind = "personal" // those of User, at most
	TokenService  TokenKind = "service"  // of the integration itself: User is the account made for it
)

// Token is an API token.
type Token struct {
	ID     ID
	Kind   TokenKind
	User   ID
	Name   string
	Digest Hash // SHA-256 of the secret
	// Ceiling is the highest role that the token can use in any document.
	Ceiling Rank
	// Admin lets the token manage the server as far as its user may.
	Admin     bool
	Document  ID // not zero: this document only
	CreatedBy ID
	CreatedAt time.Time
	UsedAt    time.Time // last use, to the minute; zero: never
	ExpiresAt time.Time // zero: never
}

// AccessRequest is somebody's wish for a role in a document.
type AccessRequest struct {
	Document ID
	User     ID
	Rank     Rank
	Message  string
	At       time.Time
}

// AuditEntry is one line of the audit log. It never holds content, secrets or
// passwords.
type AuditEntry struct {
	Seq      int64 // given by the store, rising
	At       time.Time
	Action   string // noun.verb, such as "login.created" or "grant.changed"
	Outcome  string // "done" or "denied"
	Actor    ID     // zero: the program, or nobody known
	Name     string // the actor's then
	Address  string // where the request came from
	Document ID     // zero: none
	Subject  ID     // user, group, link, token … it was done to; zero: none
	// Detail is a short sentence for a person. Who did it and to whom is in
	// Actor and Subject; names and addresses of people do not belong here.
	Detail string
}

// UserQuery selects users, by name.
type UserQuery struct {
	Search string // in name or mail, case-insensitive; "" is all
	Cursor string
	Limit  int // 0 means 50, at most 200
}

// AuditQuery selects audit lines, newest first.
type AuditQuery struct {
	Action   string // a whole action or its beginning up to a dot ("grant."); "" is all
	Outcome  string
	Actor    ID
	Document ID
	Subject  ID
	Person   ID        // did it, or it was done to them
	From, To time.Time // zero: unbounded; To is exclusive
	Before   int64     // Seq below this one, for paging; 0: from the newest
	Limit    int       // 0 means 100, at most 1,000
}

// PeopleReader reads accounts and rights. Single records are ErrNotFound when
// there is none. Any goroutine.
type PeopleReader interface {
	User(ctx context.Context, id ID) (User, error)
	UserByMail(ctx context.Context, mail string) (User, error)
	UserByIdentity(ctx context.Context, issuer, subject string) (User, error)
	Identities(ctx context.Context, user ID) ([]Identity, error)
	// Users returns a page of those not erased, by folded name, and the cursor
	// of the next ("" at the end).
	Users(ctx context.Context, query UserQuery) ([]User, string, error)
	// CountUsers counts accounts that are not erased.
	CountUsers(ctx context.Context) (int, error)
	// Picture is a user's picture: a small PNG.
	Picture(ctx context.Context, user ID) ([]byte, error)

	Login(ctx context.Context, id ID) (Login, error)
	LoginByDigest(ctx context.Context, digest Hash) (Login, error)
	// Logins are a user's, newest use first.
	Logins(ctx context.Context, user ID) ([]Login, error)
	Ticket(ctx context.Context, digest Hash) (Ticket, error)
	// Tickets are those of a kind that are neither used nor expired at the time.
	Tickets(ctx context.Context, kind TicketKind, at time.Time) ([]Ticket, error)

	Group(ctx context.Context, id ID) (Group, error)
	Groups(ctx context.Context) ([]Group, error)
	Members(ctx context.Context, group ID) ([]User, error)
	GroupsOf(ctx context.Context, user ID) ([]Group, error)

	// Rank is the highest that a user or guest has in a document at the time:
	// by grants to them and to their groups, and by visited links that have not
	// expired. 0 is none. It does not ask whether the account is active.
	Rank(ctx context.Context, document, user ID, at time.Time) (Rank, error)
	// Grants are a document's, highest rank first.
	Grants(ctx context.Context, document ID) ([]Grant, error)
	// GrantsOf are those given to a user or a group.
	GrantsOf(ctx context.Context, kind SubjectKind, subject ID) ([]Grant, error)
	ShareLink(ctx context.Context, id ID) (ShareLink, error)
	ShareLinkByDigest(ctx context.Context, digest Hash) (ShareLink, error)
	ShareLinks(ctx context.Context, document ID) ([]ShareLink, error)
	// LinksEnding are all documents' links that end after one time and not
	// after the other, in no order.
	LinksEnding(ctx context.Context, after, through time.Time) ([]ShareLink, error)
	// Visits are those of a user or guest, in the order of the links' ids.
	Visits(ctx context.Context, user ID) ([]Visit, error)
	AccessRequests(ctx context.Context, document ID) ([]AccessRequest, error)

	TokenByDigest(ctx context.Context, digest Hash) (Token, error)
	Token(ctx context.Context, id ID) (Token, error)
	// Tokens are a user's; the zero ID is everybody's.
	Tokens(ctx context.Context, user ID) ([]Token, error)

	Audit(ctx context.Context, query AuditQuery) ([]AuditEntry, error)
}

// PeopleEdit is a transaction: reads see what it wrote. Valid only inside the
// call that it was given to. Setters of single records insert or replace by
// the record's key; a unique name that is taken - a user's mail, a group's name,
// a digest - is ErrExists, and a user (erased ones too), group or link that a
// record belongs to and that is not there is ErrNotFound. A grant may come before
// its document. Deleting what is not there changes nothing.
type PeopleEdit interface {
	PeopleReader

	PutUser(user User) error
	SetPicture(user ID, png []byte) error // nil removes it
	// PutIdentity is ErrExists when the identity is another user's.
	PutIdentity(identity Identity) error
	DeleteIdentity(issuer, subject string) error
	// Erase takes a user's name, mail, password, picture, identities, logins,
	// tokens, memberships, grants, visits and requests, and puts name and color
	// in place of theirs wherever they are an author of changes and documents,
	// in the audit log too. The texts stay, and so does the hash chain: a
	// change's hash covers the author's id and not their name (see ChainHash).
	// A guest, who has no account, can be erased as well. A session that is
	// live may hold the name for a while.
	Erase(user ID, name, color string, at time.Time) error

	PutLogin(login Login) error
	DeleteLogin(id ID) error
	// DeleteLogins deletes a user's but for one (the zero ID spares none) and
	// returns the ids of those deleted.
	DeleteLogins(user, except ID) ([]ID, error)
	PutTicket(ticket Ticket) error
	// UseTicket marks a ticket used. ErrNotFound, ErrUsed, ErrExpired.
	UseTicket(digest Hash, kind TicketKind, at time.Time) (Ticket, error)
	DeleteTicket(id ID) error

	PutGroup(group Group) error
	// DeleteGroup also deletes its memberships and grants.
	DeleteGroup(id ID) error
	PutMember(group, user ID) error
	DeleteMember(group, user ID) error

	PutGrant(grant Grant) error
	DeleteGrant(document ID, kind SubjectKind, subject ID) error
	PutShareLink(link ShareLink) error
	// DeleteShareLink also deletes its visits.
	DeleteShareLink(id ID) error
	PutVisit(visit Visit) error
	PutAccessRequest(request AccessRequest) error
	DeleteAccessRequest(document, user ID) error

	PutToken(token Token) error
	DeleteToken(id ID) error

	// Record appends a line to the audit log; Seq is given by the store.
	Record(entry AuditEntry) error
	// Expire deletes logins, tickets, links with their visits, and tokens that
	// expired before the one time, and audit lines older than the other (zero:
	// none; at most AuditStep lines: call again for more).
	Expire(before, auditBefore time.Time) error
}

// People keeps accounts, rights and the audit log.
type People interface {
	PeopleReader
	// EditPeople runs change in one transaction: all of it is durable when nil
	// returns, nothing of it was written otherwise. ErrLastOwner when the server
	// had an active owner before and would have none after. change runs in
	// the store's writer, before others' writes: it must be quick, must not call
	// the store but through its argument, and must not keep that. Its own error
	// is returned as it is. It may run again, after what it did was taken back:
	// when another write of the same transaction failed. Any goroutine but the writer's.
	EditPeople(ctx context.Context, change func(edit PeopleEdit) error) error
}
