package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/sqlite"
)

// commands is the command table. Every option is also an environment variable
// COSCRIBE_ and its name.
type commands struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Serve documents (the default command)."`
	Load        loadCommand        `cmd:"" help:"Make load on a server with real clients and measure it."`
	Verify      verifyCommand      `cmd:"" help:"Check every document's log, snapshots and content; name what is damaged."`
	Backup      backupCommand      `cmd:"" help:"Copy the database to a file, safe while serving."`
	Restore     restoreCommand     `cmd:"" help:"Fill an empty data directory from a backup."`
	User        userCommands       `cmd:"" help:"Manage accounts, also while serving."`
	Invite      inviteCommand      `cmd:"" help:"Print an invitation's one-time link."`
	Invitation  invitationCommands `cmd:"" help:"List and withdraw invitations."`
	Group       groupCommands      `cmd:"" help:"Manage groups."`
	Token       tokenCommands      `cmd:"" help:"Manage API tokens."`
	Document    documentCommands   `cmd:"" help:"List documents, give them an owner, and say who has a role in them."`
	Link        linkCommands       `cmd:"" help:"Manage share links of a document."`
	Request     requestCommands    `cmd:"" help:"Answer who asks for access to a document."`
	Overview    overviewCommand    `cmd:"" help:"Print how a running server does."`
	Connections connectionsCommand `cmd:"" help:"Print who is connected to a running server, and to what."`
	Settings    settingsCommand    `cmd:"" help:"Print a running server's options, and where each came from."`
	Audit       auditCommand       `cmd:"" help:"Print the audit log."`
	Key         keyCommands        `cmd:"" help:"Look after the server's own keys."`
	Hash        hashCommand        `cmd:"" help:"Print a document's content hash, for comparing."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running server whether it is ready; exit 0 if it is."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// dataOption is shared by the commands that work on a data directory.
type dataOption struct {
	Data string `default:"./data" type:"path" placeholder:"DIR" help:"The server's data directory (${default})."`
}

// serveCommand runs the server; its fields are the program's Config.
type serveCommand struct{ Config }

// Run serves until the context ends.
func (c *serveCommand) Run(ctx context.Context) error {
	// A stop that is asked for meanwhile waits for the start: half a start is an
	// error, and who asked for an end should be told of a good one.
	starting := context.WithoutCancel(ctx)
	program, err := Open(starting, c.Config)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Coscribe is ready at %s (documents in %s, Ctrl+C stops)\n", program.URL(), c.Data)
	link, err := program.SetupLink(starting)
	if err != nil {
		return errors.Join(err, program.Close())
	}
	if link != "" {
		fmt.Fprintf(os.Stderr, "Nobody owns this server yet. Open this link within a day to become its owner:\n\n    %s\n\n", link)
	}
	settle()
	adaptCollector()
	err = program.Run(ctx)
	return errors.Join(err, program.Close())
}

type loadCommand struct {
	URL       string        `default:"http://127.0.0.1:8080" help:"Server to load (${default})."`
	Documents int           `default:"1" help:"Documents to make (${default})."`
	Writers   int           `default:"2" help:"Writers in each (${default})."`
	Readers   int           `default:"0" help:"Readers in each (${default})."`
	Rate      float64       `default:"0" placeholder:"N" help:"Edits per second of each writer; without, 5, and with --trace as fast as they are acknowledged."`
	Duration  time.Duration `default:"10s" help:"How long to write (${default})."`
	Trace     string        `type:"existingfile" placeholder:"FILE" help:"Recorded editing history (json or json.gz) to replay instead."`
	Seed      uint64        `default:"0" help:"Seed of what is typed where; 0 is a fresh one."`
	Transport string        `default:"websocket" enum:"websocket,longpoll" help:"websocket or longpoll (${default})."`
	TokenFile string        `type:"existingfile" placeholder:"FILE" help:"File with an API token to connect with; without one, as guests of a server that is open to all."`
}

// Run makes the load and prints its table; different replicas are an error.
func (c *loadCommand) Run(ctx context.Context) error {
	config := collabtest.LoadConfig{URL: c.URL, Documents: c.Documents, Writers: c.Writers, Readers: c.Readers, Rate: c.Rate,
		Duration: c.Duration, Trace: c.Trace, Seed: c.Seed, Transport: c.Transport}
	token, err := secretOf("--token-file", c.TokenFile, "")
	if err != nil {
		return err
	}
	config.Token = strings.TrimSpace(token)
	spendMemory()
	report, err := collabtest.Load(ctx, config, os.Stderr)
	if report.Seconds == 0 {
		return err // nothing was written, so there is nothing to show
	}
	if _, printErr := report.WriteTo(os.Stdout); printErr != nil {
		return errors.Join(err, printErr)
	}
	return err
}

type verifyCommand struct{ dataOption }

// errDamage is returned after each finding was printed.
var errDamage = errors.New("damage found; restore a backup from before it, or ask for help with the lines above")

// Run checks the data directory, while it is served or not.
func (c *verifyCommand) Run(ctx context.Context) error {
	found := 0
	err := sqlite.Verify(ctx, c.Data, replay, func(finding sqlite.Finding) {
		found++
		fmt.Println(finding)
	})
	if err != nil {
		return err
	}
	if found > 0 {
		return fmt.Errorf("%d problems: %w", found, errDamage)
	}
	fmt.Println("No damage found.")
	return nil
}

type backupCommand struct {
	dataOption
	File string `arg:"" type:"path" help:"File to write; it must not exist."`
}

// Run copies the database.
func (c *backupCommand) Run(ctx context.Context) error {
	if err := sqlite.Backup(ctx, c.Data, c.File); err != nil {
		return err
	}
	fmt.Printf("Backed up to %s.\n", c.File)
	return nil
}

type restoreCommand struct {
	dataOption
	File  string  `arg:"" type:"path" help:"Backup to read."`
	Until *moment `placeholder:"TIME" help:"Restore as of this moment and leave out what came later, such as 2026-11-23T14:30:00Z."`
}

// moment is a point in time that an operator names.
type moment struct{ time.Time }

// UnmarshalText reads RFC 3339: 2026-11-23T14:30:00Z, with T or a space between
// date and time, fractions of a second as wanted, and Z or an offset.
func (m *moment) UnmarshalText(text []byte) error {
	said := strings.ToUpper(string(text))
	if len(said) > 10 && said[10] == ' ' {
		said = said[:10] + "T" + said[11:]
	}
	if err := m.Time.UnmarshalText([]byte(said)); err != nil {
		return fmt.Errorf("%q is no moment: write date, time and zone, such as 2026-11-23T14:30:00Z or 2026-11-23T15:30:00+01:00", text)
	}
	return nil
}

// Run fills an empty data directory and checks what is in it.
func (c *restoreCommand) Run(ctx context.Context) error {
	found := 0
	options := sqlite.RestoreOptions{Content: replay, Report: func(finding sqlite.Finding) {
		found++
		fmt.Println("In the backup:", finding)
	}}
	asOf := ""
	if c.Until != nil {
		options.Until, asOf = c.Until.Time, " as of "+c.Until.UTC().Format(time.RFC3339Nano)
	}
	restored, err := sqlite.Restore(ctx, c.Data, c.File, options)
	if errors.Is(err, persistence.ErrDamaged) {
		return fmt.Errorf("%w: nothing was restored; take another backup", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf("Restored into %s%s: %v.\nEvery document has a new epoch: open browsers reload and keep what they had not saved.\n", c.Data, asOf, restored)
	err = sqlite.Verify(ctx, c.Data, replay, func(finding sqlite.Finding) {
		found++
		fmt.Println(finding)
	})
	if err != nil {
		return err
	}
	if found > 0 {
		return fmt.Errorf("%d problems: it is restored and can be served, but this backup is damaged; an older one may have those documents whole", found)
	}
	fmt.Println("Checked: no damage.")
	return nil
}

// replay checks a document's content for verify and restore.
func replay(persistence.ID) sqlite.Content { return collab.NewReplay() }

type hashCommand struct {
	dataOption
	Document string `arg:"" help:"The document's id."`
	Revision int64  `arg:"" optional:"" default:"-1" help:"Revision; the newest without."`
}

// Run replays the log and prints revision and hash.
func (c *hashCommand) Run(ctx context.Context) (err error) {
	id, err := persistence.ParseID(c.Document)
	if err != nil {
		return fmt.Errorf("%q is no document id: take it from the document's address, /d/ID", c.Document)
	}
	store, err := sqlite.OpenReader(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	document, err := store.Document(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) {
		return fmt.Errorf("%w: see coscribe document list", err)
	}
	if err != nil {
		return fmt.Errorf("document %s: %w", id, err)
	}
	through := document.Head.Revision
	if c.Revision > through || c.Revision < -1 {
		return fmt.Errorf("document %s has no revision %d: choose one from 0 to %d", id, c.Revision, through)
	}
	if c.Revision >= 0 {
		through = c.Revision
	}
	content := collab.NewReplay()
	if through > 0 {
		var bad error
		err = store.Changes(ctx, id, 0, through, func(change *persistence.Change) bool {
			bad = content.Change(change)
			return bad == nil
		})
		if err = errors.Join(err, bad); err != nil {
			return fmt.Errorf("document %s: %w", id, err)
		}
	}
	hash := content.Hash()
	fmt.Printf("%x revision %d epoch %s\n", hash, content.Revision(), document.Head.Epoch)
	return nil
}

type healthcheckCommand struct {
	URL string `default:"http://127.0.0.1:8080" help:"Server to ask (${default})."`
}

// Run asks /readyz; container images use it as their health check.
func (c *healthcheckCommand) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.URL, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	client := http.DefaultClient
	if onThisMachine(net.JoinHostPort(request.URL.Hostname(), "0")) {
		// A certificate names the server as others know it. Nothing secret is
		// asked or told here.
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no answer: %w: start the server, or say with --url where it is", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 200))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("not ready: %s", strings.TrimSpace(string(said)))
	}
	return err
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(context.Context) error {
	fmt.Println("coscribe " + programVersion())
	return nil
}
