package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/server/convert"
	"github.com/danielgtaylor/huma/v2"
)

// Problem is an error answer (RFC 9457). Code is stable; Detail is a sentence
// for a person that says what to do.
type Problem struct {
	Type   string   `json:"type" doc:"Always about:blank; code says which problem it is"`
	Title  string   `json:"title" doc:"The status in words"`
	Status int      `json:"status"`
	Code   string   `json:"code" doc:"Stable word for this problem"`
	Detail string   `json:"detail" doc:"What is wrong and what to do, for a person"`
	Errors []string `json:"errors,omitempty" doc:"Each field that is wrong"`
	Whole  *int64   `json:"whole,omitempty" doc:"Of document_damaged: the last revision before the damage, whose content can be read"`

	retryAfter int // seconds for the Retry-After header; 0 is none
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	if p.retryAfter == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(p.retryAfter)}}
}

// newProblem makes a problem of the status.
func newProblem(status int, code, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func init() {
	// huma's own refusals - a parameter out of range, a body that is no JSON -
	// become problems of the same shape.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		for _, err := range errs {
			if limit, ok := errors.AsType[*http.MaxBytesError](err); ok { // of limited, which huma does not know
				status, message = http.StatusRequestEntityTooLarge, fmt.Sprintf(largeBody, limit.Limit)
			}
		}
		if message == unreadBody { // cut short, or in chunks that are none: the sender's fault
			status, message = http.StatusBadRequest, "The request's body ended before its time or was sent wrongly; send it again"
		}
		switch limit := int64(0); status {
		case http.StatusRequestEntityTooLarge:
			if _, err := fmt.Sscanf(message, largeBody, &limit); err == nil {
				message = fmt.Sprintf("This address takes bodies of at most %d bytes; send less, or in parts", limit)
			}
		case http.StatusUnsupportedMediaType:
			message = "Send JSON, and say so: Content-Type: application/json"
		case http.StatusBadRequest:
			if message == unfit {
				message = "The body is not JSON that can be read; errors says where it breaks off, and /api/docs describes what this address reads"
			}
		}
		code := map[int]string{
			http.StatusBadRequest: "invalid_request", http.StatusUnprocessableEntity: "invalid_request",
			http.StatusRequestEntityTooLarge: "body_too_large", http.StatusUnsupportedMediaType: "unsupported_media_type",
			http.StatusRequestTimeout: "body_too_slow", http.StatusNotAcceptable: "not_acceptable",
		}[status]
		if code == "" {
			code = "internal_error"
		}
		if status == http.StatusUnprocessableEntity {
			status, message = http.StatusBadRequest, "The request is not what this route reads; errors names each field, and /api/docs describes them"
		}
		problem := newProblem(status, code, "%s", sentence(message))
		if code == "internal_error" {
			return problem // what failed inside is nobody's business
		}
		for _, err := range errs {
			// Where and what, but not the value: content stays out of answers
			// that clients log.
			if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				problem.Errors = append(problem.Errors, strings.TrimPrefix(detail.Location+": "+detail.Message, ": "))
			}
		}
		return problem
	}
}

// Messages of huma's: of a body that could not be read, is too large, or does not fit.
const (
	unreadBody = "cannot read request body"
	largeBody  = "request body is too large limit=%d bytes"
	unfit      = "validation failed"
)

// sentence makes a sentence of a library's message.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	return strings.ToUpper(message[:1]) + strings.TrimSuffix(message[1:], ".") + "."
}

// write sends the problem on a plain handler's response.
func (p *Problem) write(w http.ResponseWriter) {
	for key, values := range p.GetHeaders() {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// problem says any error as a problem. Errors that it does not know are the
// server's own and logged here.
func (s *Server) problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if reject, ok := errors.AsType[*collab.RejectError](err); ok {
		return rejected(reject)
	}
	if refused, ok := errors.AsType[*collab.CloseError](err); ok {
		return closed(refused)
	}
	if fault, ok := errors.AsType[*ot.Error](err); ok {
		return newProblem(http.StatusUnprocessableEntity, string(protocol.CodeInvalidChange), "The delta cannot be used: %s.", fault.Error())
	}
	switch {
	case errors.Is(err, context.Canceled):
		return newProblem(499, "client_gone", "The request was given up.")
	case errors.Is(err, persistence.ErrNotFound):
		return notFound()
	case errors.Is(err, collab.ErrRevision):
		return newProblem(http.StatusNotFound, "revision_not_found", "The document has no such revision.")
	case errors.Is(err, collab.ErrEpoch):
		return newProblem(http.StatusConflict, "epoch_changed", "The document was replaced since; read it again and start from its epoch.")
	case errors.Is(err, collab.ErrMoved):
		return newProblem(http.StatusConflict, "revision_changed", "Somebody changed the document first; read it again, or send onConflict \"rebase\".")
	case errors.Is(err, transport.ErrUnauthorized), errors.Is(err, transport.ErrTokenExpired):
		return newProblem(http.StatusUnauthorized, "unauthorized", "The credentials are not valid; come back without them or with new ones.")
	case errors.Is(err, errBusy):
		return unavailable("busy", "The server is busy checking passwords; try again.")
	case errors.Is(err, transport.ErrForbidden):
		return newProblem(http.StatusForbidden, "forbidden", "Your role in this document does not allow that; ask its owner.")
	case errors.Is(err, convert.ErrTooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "body_too_large", "Split it into several documents: %s.", err)
	case errors.Is(err, convert.ErrEncoding):
		return newProblem(http.StatusUnprocessableEntity, "invalid_encoding", "The text is not UTF-8; save it as UTF-8 and send it again.")
	case errors.Is(err, convert.ErrTooComplex):
		return newProblem(http.StatusUnprocessableEntity, "too_deep", "Make it simpler, or split it: %s.", err)
	case errors.Is(err, persistence.ErrFull):
		return unavailable("storage_full", "The server's disk is full; nothing was written. Try again later.")
	case errors.Is(err, persistence.ErrDamaged):
		s.config.Logger.ErrorContext(ctx, "a document is damaged; coscribe verify names the revision", "error", err)
		return newProblem(http.StatusInternalServerError, "document_damaged",
			"The document's log is damaged. What comes before the damage can be read: name an earlier revision, or page through its changes.")
	case errors.Is(err, collab.ErrStopped), errors.Is(err, collab.ErrUnavailable), errors.Is(err, collab.ErrStale), errors.Is(err, persistence.ErrStopped), errors.Is(err, context.DeadlineExceeded):
		return unavailable("unavailable", "The document cannot be served right now; try again.")
	}
	s.config.Logger.ErrorContext(ctx, "request failed", "error", err)
	return newProblem(http.StatusInternalServerError, "internal_error", "Something went wrong on the server; it was logged. Try again.")
}

func notFound() *Problem {
	return newProblem(http.StatusNotFound, "not_found", "There is no such document, or it is not shared with you.")
}

func unavailable(code, detail string) *Problem {
	p := newProblem(http.StatusServiceUnavailable, code, "%s", detail)
	p.retryAfter = 2
	return p
}

// rejected says a reject of the engine.
func rejected(reject *collab.RejectError) *Problem {
	status := http.StatusUnprocessableEntity
	switch reject.Code {
	case protocol.CodeChangeTooLarge, protocol.CodeDocumentTooLarge:
		status = http.StatusRequestEntityTooLarge
	case protocol.CodeReadOnly:
		status = http.StatusForbidden
	case protocol.CodeIDConflict:
		return newProblem(http.StatusConflict, string(reject.Code), "This Idempotency-Key came with another change before, and that one was made. Give each change a key of its own.")
	case protocol.CodeRateLimited:
		status = http.StatusTooManyRequests
	case protocol.CodeStorageFull, protocol.CodeUnavailable:
		status = http.StatusServiceUnavailable
	}
	p := newProblem(status, string(reject.Code), "The change was not made: %s.", reject.Reason)
	if reject.Retry() {
		p.retryAfter = max(1, (reject.RetryAfter+999)/1000)
		p.Detail += fmt.Sprintf(" Send it again in %d s.", p.retryAfter)
	}
	return p
}

// closed says a refusal that on a connection would have been a close code.
func closed(refused *collab.CloseError) *Problem {
	switch refused.Code {
	case protocol.CloseNotFound:
		return notFound()
	case protocol.CloseForbidden:
		return newProblem(http.StatusForbidden, "forbidden", "Your role in this document does not allow that; ask its owner.")
	case protocol.CloseUnauthorized:
		return newProblem(http.StatusUnauthorized, "unauthorized", "The credentials are not valid.")
	}
	return unavailable("unavailable", "The document cannot be served right now; try again.")
}
