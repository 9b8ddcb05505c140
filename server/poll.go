package server

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// pollBody and pollAnswer are how the description shows a long poll; the
// transport reads and writes them itself, message by message.
type pollBody struct {
	Connection *string           `json:"connection" doc:"Of the answer before; null for a new connection, whose first message is hello" nullable:"true"`
	Received   int64             `json:"received" doc:"Server messages seen on this connection"`
	First      int64             `json:"first" doc:"Client messages before this batch"`
	Messages   []json.RawMessage `json:"messages" doc:"As over WebSocket, one frame each"`
	Hold       *int64            `json:"hold,omitempty" minimum:"0" doc:"How long to wait for something to say, in ms; at most, and without it, 25 s"`
	Leave      bool              `json:"leave,omitempty" doc:"The client goes for good"`
}

type pollAnswer struct {
	Connection *string           `json:"connection" nullable:"true"`
	Sent       int64             `json:"sent" doc:"Server messages up to the last of these"`
	Accepted   int64             `json:"accepted" doc:"Client messages taken"`
	Messages   []json.RawMessage `json:"messages" doc:"As over WebSocket, one message each"`
	Close      *struct {
		Code   int    `json:"code" doc:"As over WebSocket"`
		Reason string `json:"reason"`
	} `json:"close,omitempty" doc:"The connection has ended"`
}

// describePoll puts the long-poll route into the API's description. The route
// itself is the transport's: see New.
func describePoll(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	media := func(kind reflect.Type) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(kind, true, "")}}
	}
	responses := refusals(api, http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	responses["200"] = &huma.Response{Description: "What there is to say, or the end of the connection", Content: media(reflect.TypeFor[pollAnswer]())}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "poll-document", Method: http.MethodPost, Path: routePoll, Tags: []string{"Changes"},
		Summary:     "Edit live by long-poll",
		Description: "The real-time connection for networks that break WebSocket: the same messages, the same promises. Held up to 25 s when there is nothing to say.",
		Parameters:  []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}}},
		RequestBody: &huma.RequestBody{Required: true, Content: media(reflect.TypeFor[pollBody]())},
		Responses:   responses,
	})
}
