package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/server/convert"
	"github.com/danielgtaylor/huma/v2"
)

type contentInput struct {
	DocumentPath
	Format         string `query:"format" enum:"delta,text,markdown,html" default:"delta"`
	Revision       int64  `query:"revision" minimum:"-1" default:"-1" doc:"Any revision up to the head; the head without"`
	Download       bool   `query:"download" doc:"Answer as a file to be saved"`
	IfNoneMatch    string `header:"If-None-Match"`
	AcceptEncoding string `header:"Accept-Encoding" hidden:"true"`
}

type contentOutput struct {
	Status             int
	ContentType        string `header:"Content-Type"`
	ContentEncoding    string `header:"Content-Encoding"`
	ContentDisposition string `header:"Content-Disposition"`
	ContentPolicy      string `header:"Content-Security-Policy"`
	ETag               string `header:"ETag"`
	Vary               string `header:"Vary"`
	Body               []byte
}

func (s *Server) contentRoutes(api huma.API) {
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	register(api, huma.Operation{
		OperationID: "get-content", Method: http.MethodGet, Path: "/api/documents/{id}/content", Tags: []string{"Documents"},
		Summary:     "Content now or at any revision",
		Description: "As delta the body is an object with epoch, revision and content (a list of ops); the other formats are files. The ETag changes with epoch, revision and format, and with the title where that is shown.",
		Errors:      []int{http.StatusBadRequest, http.StatusNotFound, http.StatusServiceUnavailable},
		Middlewares: huma.Middlewares{leased},
		Responses: map[string]*huma.Response{"200": {Description: "The content", Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"epoch", "revision", "content"}, Properties: map[string]*huma.Schema{
				"epoch": {Type: huma.TypeString, Format: "uuid"}, "revision": {Type: huma.TypeInteger, Format: "int64"},
				"content": deltaSchema(api.OpenAPI().Components.Schemas, "A delta of inserts"),
			}}},
			"text/plain": text, "text/markdown": text, "text/html": text,
		}}, "304": {Description: "Not changed since the ETag of If-None-Match", Headers: etagHeader}},
	}, s.getContent)
}

func (s *Server) getContent(ctx context.Context, in *contentInput) (*contentOutput, error) {
	id, _, err := s.allow(ctx, in.ID, protocol.RoleViewer)
	if err != nil {
		return nil, err
	}
	var content collab.Content
	if in.Revision < 0 {
		content, err = s.config.Hub.Read(ctx, id)
	} else {
		content, err = s.config.Hub.ReadAt(ctx, id, in.Revision)
	}
	if errors.Is(err, persistence.ErrDamaged) {
		return nil, s.damaged(ctx, id, err)
	}
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	format := convert.Format(in.Format)
	out := &contentOutput{
		Status: http.StatusOK, Vary: "Accept-Encoding",
		// Weak, since the same tag is good for every encoding.
		ETag: fmt.Sprintf(`W/"%s-%d-%s%s"`, content.Epoch, content.Revision, format, titleTag(content.Title, format == convert.FormatHTML || in.Download)),
	}
	if matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	size := content.Document.Memory() // about its JSON; to know how long that is takes a third of writing it
	if err := s.hold(ctx, size); err != nil {
		return nil, s.problem(ctx, err)
	}
	body, encoding, err := s.answers.write(ctx, size, func() ([]byte, string, error) {
		body, err := written(content, format)
		body, encoding := compressed(body, in.AcceptEncoding)
		return body, encoding, err
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if format != convert.FormatDelta || in.Download {
		s.noted(ctx, persistence.AuditEntry{Action: "document.exported", Document: id, Detail: "As " + string(format) + "."})
	}
	out.ContentType = format.MediaType()
	if format == convert.FormatHTML {
		out.ContentPolicy = filePolicy
	}
	if in.Download {
		out.ContentDisposition = mime.FormatMediaType("attachment", map[string]string{"filename": fileName(content.Title) + format.Extension()})
	}
	out.Body, out.ContentEncoding = body, encoding
	return out, nil
}

// damaged says what can be read of a document whose log is damaged.
func (s *Server) damaged(ctx context.Context, id persistence.ID, damage error) error {
	refused := s.problem(ctx, damage)
	whole, err := s.config.Hub.Whole(ctx, id)
	if p, ok := errors.AsType[*Problem](refused); ok && err == nil {
		p.Detail = fmt.Sprintf("The document's log is damaged. It can be read up to revision %d: ask for ?revision=%d, in any format.", whole, whole)
		p.Whole = &whole
	}
	return refused
}

// written is the content in a format; as delta with epoch and revision around.
func written(content collab.Content, format convert.Format) ([]byte, error) {
	if format != convert.FormatDelta {
		return convert.Write(format, content.Document.Delta(), content.Title)
	}
	head, err := json.Marshal(struct {
		Epoch    string `json:"epoch"`
		Revision int64  `json:"revision"`
	}{content.Epoch.String(), content.Revision})
	if err != nil {
		return nil, err
	}
	body := append(head[:len(head)-1], `,"content":`...)
	return append(content.Document.AppendJSON(body), '}', '\n'), nil
}

// compressLeast is the size from which compressing pays, in bytes: below, the
// answer is one packet either way.
const compressLeast = 1400

func compressed(body []byte, accept string) ([]byte, string) {
	if len(body) < compressLeast || !accepts(accept, "gzip") {
		return body, ""
	}
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return body, ""
	}
	if _, err := writer.Write(body); err != nil || writer.Close() != nil {
		return body, ""
	}
	return out.Bytes(), "gzip"
}

// titleTag tells titles apart in the tag of an answer that shows its document's:
// a page does, and a file's name.
func titleTag(title string, shown bool) string {
	if !shown {
		return ""
	}
	sum := sha256.Sum256([]byte(title))
	return fmt.Sprintf("-%x", sum[:8])
}

// matches compares an If-None-Match header weakly (RFC 9110, 13.1.2).
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
			return header != ""
		}
	}
	return false
}

// fileName makes a title into a file's name that every system takes.
func fileName(title string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, title)
	if name = strings.Trim(name, ". "); name == "" {
		return titleOfNone
	}
	return name
}
