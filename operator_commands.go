package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coscribe/coscribe/persistence/sqlite"
)

// operatorOptions are shared by the commands that ask the server of a data
// directory, or are it for as long as they take.
type operatorOptions struct {
	dataOption
	PublicURL string `placeholder:"URL" help:"Where people reach the server; links begin with it. A running server knows."`
}

// with asks the server of a directory that has a database already: a command
// that is not told where the server's is must not make another one and answer
// from that.
func (o *operatorOptions) with(ctx context.Context, ask func(o *operator) error) error {
	if there, err := sqlite.Exists(o.Data); err != nil {
		return err
	} else if !there {
		return fmt.Errorf("%s has no documents and no accounts: name the server's data directory with --data, or make its first account with coscribe user add", o.Data)
	}
	return o.begin(ctx, ask)
}

// begin asks the server of a directory, which is made if it is absent.
func (o *operatorOptions) begin(ctx context.Context, ask func(o *operator) error) error {
	server, err := operate(ctx, o.Data)
	if err != nil {
		return err
	}
	err = ask(server)
	return errors.Join(err, server.Close())
}

// say asks for one thing and says that it was done.
func (o *operatorOptions) say(ctx context.Context, done, method, path string, body any) error {
	return o.with(ctx, func(o *operator) error {
		if err := o.call(ctx, method, path, body, nil); err != nil {
			return err
		}
		fmt.Println(done)
		return nil
	})
}

// table asks for rows and prints them: add gets a row's cells.
func (o *operatorOptions) table(ctx context.Context, head string, rows func(o *operator, add func(cells ...string)) error) error {
	return o.with(ctx, func(o *operator) error {
		var lines []string
		err := rows(o, func(cells ...string) { lines = append(lines, strings.Join(cells, "\t")) })
		if err != nil && len(lines) == 0 {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, line := range append([]string{head}, lines...) {
			fmt.Fprintln(table, line)
		}
		return errors.Join(err, table.Flush())
	})
}

// link completes a link of a server that does not know where it is reached.
func (o *operatorOptions) link(path string) string {
	if !strings.HasPrefix(path, "/") {
		return path
	}
	base := strings.TrimRight(o.PublicURL, "/")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	return base + path
}

// list asks for all pages of a list, which the answers have under a name.
func list[T any](ctx context.Context, o *operator, path, name string, query url.Values) (all []T, err error) {
	for {
		var page map[string]json.RawMessage
		if err := o.call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
			return all, err
		}
		var part []T
		var next *string
		if err := json.Unmarshal(page[name], &part); err != nil {
			return all, fmt.Errorf("%s has no %s: %w", path, name, err)
		}
		if text := page["next"]; text != nil {
			if err := json.Unmarshal(text, &next); err != nil {
				return all, err
			}
		}
		all = append(all, part...)
		if next == nil {
			return all, nil
		}
		query.Set("cursor", *next)
	}
}

// pages are the arguments of a list that comes in pages.
func pages() url.Values { return url.Values{"limit": {"200"}} }

// day says when, to the day; never without.
func day(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.Format(time.DateOnly)
}

// either is a text, or what stands for none.
func either(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

// errNoServer is returned where only a running server has an answer.
var errNoServer = errors.New("no server runs on this data directory: start it, or name another with --data")
