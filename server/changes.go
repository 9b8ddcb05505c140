package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// pageBytes is where a page of the log stops, in bytes of deltas.
const pageBytes = 1 << 20

// ops is a delta as raw JSON; the strict parser of ot reads it.
type ops json.RawMessage

// Schema implements huma.SchemaProvider.
func (ops) Schema(all huma.Registry) *huma.Schema { return deltaSchema(all, "A delta: a list of ops") }

// deltaSchema describes a delta. Its ops are described and not checked, which is
// why they stand in an extension: the delta's own reader says what is wrong.
func deltaSchema(all huma.Registry, doc string) *huma.Schema {
	attributes := map[string]any{"type": "object", "additionalProperties": true, "description": "In a retain null removes one"}
	op := func(key string, value map[string]any) map[string]any {
		properties := map[string]any{key: value}
		if key != "delete" {
			properties["attributes"] = attributes
		}
		return map[string]any{"type": "object", "properties": properties, "required": []string{key}, "additionalProperties": false}
	}
	all.Map()["Op"] = &huma.Schema{
		Description: "One of {insert, attributes?}, {retain, attributes?} and {delete}; lengths in UTF-16 units",
		Extensions: map[string]any{"oneOf": []any{
			op("insert", map[string]any{"oneOf": []any{
				map[string]any{"type": "string"},
				map[string]any{"type": "object", "additionalProperties": true, "description": "An embed: image, divider or mention"},
			}}),
			op("retain", map[string]any{"type": "integer", "minimum": 1}),
			op("delete", map[string]any{"type": "integer", "minimum": 1}),
		}},
	}
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Ref: "#/components/schemas/Op"}, Description: doc}
}

// MarshalJSON implements json.Marshaler.
func (o ops) MarshalJSON() ([]byte, error) { return o, nil }

// UnmarshalJSON implements json.Unmarshaler.
func (o *ops) UnmarshalJSON(b []byte) error {
	*o = append(ops(nil), b...)
	return nil
}

// change is one entry of the log as the API shows it.
type change struct {
	Revision int64     `json:"revision"`
	Author   profile   `json:"author"`
	At       time.Time `json:"at"`
	Delta    ops       `json:"delta"`
}

func changeOf(c *persistence.Change) change {
	return change{Revision: c.Revision, Author: authorProfile(c.Author), At: c.At.UTC(), Delta: append(ops(nil), c.Delta...)}
}

type changesInput struct {
	DocumentPath
	Epoch string `query:"epoch" doc:"Refuse if the log is another one"`
	After int64  `query:"after" minimum:"0" default:"0" doc:"The last revision already known"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type changesOutput struct {
	Body struct {
		Epoch   string   `json:"epoch" format:"uuid"`
		Changes []change `json:"changes"`
		Next    *int64   `json:"next" doc:"after of the next page, null at the head"`
	}
}

type writeInput struct {
	DocumentPath
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"A repeated key of the same caller gets its first answer for 7 days"`
	Body           struct {
		Epoch      *string `json:"epoch,omitempty" doc:"Refuse with epoch_changed if the log is another one"`
		Base       *int64  `json:"base,omitempty" minimum:"0" doc:"The revision that the delta was made on; the head without"`
		Delta      ops     `json:"delta"`
		OnConflict string  `json:"onConflict,omitempty" enum:"rebase,fail" doc:"When the document has moved on since base: rebase (without), or fail with revision_changed"`
	}
}

type writeOutput struct {
	Body struct {
		Epoch    string    `json:"epoch" format:"uuid"`
		Revision int64     `json:"revision"`
		At       time.Time `json:"at"`
	}
}

func (s *Server) changeRoutes(api huma.API) {
	register(api, huma.Operation{
		OperationID: "list-changes", Method: http.MethodGet, Path: "/api/documents/{id}/changes", Tags: []string{"Changes"},
		Summary: "The log, in order, with author and time",
		Description: "With Accept: text/event-stream it is followed live: events named change, whose ids are epoch-revision, so that a reader " +
			"that reconnects with Last-Event-ID goes on without a gap. If the log was replaced meanwhile the answer is 409 epoch_changed.",
		Errors:      []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests},
		Parameters:  []*huma.Param{{Name: "Last-Event-ID", In: "header", Description: "Of an event stream: the id of the last event", Schema: &huma.Schema{Type: huma.TypeString}}},
		Middlewares: huma.Middlewares{s.followInstead, leased},
	}, s.listChanges)
	register(api, huma.Operation{
		OperationID: "write-change", Method: http.MethodPost, Path: "/api/documents/{id}/changes", Tags: []string{"Changes"}, DefaultStatus: http.StatusOK,
		Summary: "Change a document", MaxBodyBytes: atMost(s.config.Limits.ChangeBytes), BodyReadTimeout: bodyWait,
		Description: "Goes through the live document: people in it see the change at once. The answer comes when the change is on disk.",
		Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, s.writeChange)
}

// followInstead answers with an event stream where one is asked for.
func (s *Server) followInstead(ctx huma.Context, next func(huma.Context)) {
	if !wantsEvents(ctx.Header("Accept")) {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	s.followChanges(w, r)
}

func wantsEvents(accept string) bool { return strings.Contains(accept, "text/event-stream") }

func (s *Server) listChanges(ctx context.Context, in *changesInput) (*changesOutput, error) {
	id, _, err := s.allow(ctx, in.ID, protocol.RoleViewer)
	if err != nil {
		return nil, err
	}
	d, err := s.config.Store.Document(ctx, id)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if in.Epoch != "" && !strings.EqualFold(in.Epoch, d.Head.Epoch.String()) {
		return nil, s.problem(ctx, collab.ErrEpoch)
	}
	if in.After > d.Head.Revision {
		return nil, s.problem(ctx, collab.ErrRevision)
	}
	out := &changesOutput{}
	out.Body.Epoch, out.Body.Changes = d.Head.Epoch.String(), []change{}
	through := min(d.Head.Revision, in.After+int64(in.Limit))
	bytes := 0
	if through > in.After {
		if err := s.hold(ctx, int(min(d.Bytes, pageBytes))); err != nil {
			return nil, s.problem(ctx, err)
		}
		err = s.config.Store.Changes(ctx, id, in.After, through, func(c *persistence.Change) bool {
			out.Body.Changes = append(out.Body.Changes, changeOf(c))
			bytes += len(c.Delta)
			return bytes < pageBytes
		})
		// What precedes damage is given; the page after it says why it ends.
		if err != nil && (len(out.Body.Changes) == 0 || !errors.Is(err, persistence.ErrDamaged)) {
			return nil, s.problem(ctx, err)
		}
	}
	if last := in.After + int64(len(out.Body.Changes)); last < d.Head.Revision {
		out.Body.Next = &last
	}
	return out, nil
}

func (s *Server) writeChange(ctx context.Context, in *writeInput) (*writeOutput, error) {
	write := collab.Write{
		Who: callerOf(ctx), Base: in.Body.Base, OnConflict: in.Body.OnConflict, IdempotencyKey: in.IdempotencyKey,
		Bytes: len(in.Body.Delta),
	}
	var result collab.WriteResult
	err := s.config.Hub.Afresh(func(since collab.Generation) (err error) {
		write.Since = since
		if write.Document, write.Role, err = s.allow(ctx, in.ID, protocol.RoleEditor); err != nil {
			return err
		}
		if err := s.living(ctx, write.Document); err != nil {
			return err
		}
		if err := readWrite(&write, in, whole(ctx).token != ""); err != nil {
			return err
		}
		result, err = s.config.Hub.Submit(ctx, write)
		return err
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &writeOutput{}
	out.Body.Epoch, out.Body.Revision, out.Body.At = result.Epoch.String(), result.Revision, result.At.UTC()
	return out, nil
}

// readWrite reads what of the body may be wrong; after the role, so that
// those who may not write learn nothing else. A stranger is a guest of this
// one request: the next would be another, and its key another one's.
func readWrite(write *collab.Write, in *writeInput, stranger bool) (err error) {
	if in.Body.Epoch != nil {
		epoch, err := persistence.ParseID(*in.Body.Epoch)
		if err != nil {
			return collab.ErrEpoch
		}
		write.Epoch = &epoch
	}
	if in.IdempotencyKey != "" && stranger {
		return newProblem(http.StatusBadRequest, "invalid_request", "An Idempotency-Key is remembered for whoever sends it, and nobody is known by this request: send a token, or the cookie that comes with this answer.")
	}
	if write.OnConflict == "fail" && write.Base == nil {
		return newProblem(http.StatusBadRequest, "invalid_request", "onConflict \"fail\" compares the document with base: send the revision that the delta was made on.")
	}
	write.Delta, err = ot.ParseDelta(in.Body.Delta)
	return err
}

// living refuses to write into the trash.
func (s *Server) living(ctx context.Context, id persistence.ID) error {
	d, err := s.config.Store.Document(ctx, id)
	if err != nil {
		return s.problem(ctx, err)
	}
	if !d.TrashedAt.IsZero() {
		return newProblem(http.StatusConflict, "document_trashed", "The document is in the trash; restore it first.")
	}
	return nil
}
