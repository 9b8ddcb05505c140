package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	_ "image/gif"  // what pictures may be
	_ "image/jpeg" // made of
	"image/png"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// Bounds of pictures. A picture is decoded and drawn anew, small and square, so
// what is kept has no other bytes in it than those of a picture; the bound of
// pixels is checked before anything is decoded.
const (
	pictureBytes  = 2 << 20
	picturePixels = 4 << 20 // 16 MiB when decoded
	pictureSide   = 128     // of what is kept
)

type pictureInput struct {
	RawBody []byte `contentType:"image/png"`
}

type pictureOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	ETag         string `header:"ETag"`
	Body         []byte
}

// UserPath is a user's id in a route.
type UserPath struct {
	ID string `path:"id" doc:"The user's id, a UUID"`
}

type pictureQuery struct {
	UserPath
	IfNoneMatch string `header:"If-None-Match"`
}

// maxPictures is how many people one may ask for at once.
const maxPictures = 100

type picturesInput struct {
	Users []string `query:"users" maxItems:"100" doc:"Ids, with commas between them"`
}

type picturesOutput struct {
	Body struct {
		Pictures map[string]string `json:"pictures" doc:"Addresses by user; only of those who have a picture"`
	}
}

func (s *Server) pictureRoutes(api huma.API) {
	tags := []string{"People"}
	register(api, huma.Operation{
		OperationID: "put-my-picture", Method: http.MethodPut, Path: "/api/me/picture", Tags: tags, Metadata: needs(needLogin), DefaultStatus: http.StatusNoContent,
		Summary: "Set my picture", MaxBodyBytes: pictureBytes, BodyReadTimeout: bodyWait, Description: "A PNG, JPEG or GIF of at most 2 MiB and 4 million pixels; its middle is kept, 128 pixels square.",
		Errors: []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge},
	}, func(ctx context.Context, in *pictureInput) (*struct{}, error) {
		select {
		case s.drawing <- struct{}{}:
			defer func() { <-s.drawing }()
		case <-ctx.Done():
			return nil, s.problem(ctx, ctx.Err())
		}
		small, err := redraw(in.RawBody)
		if err != nil {
			return nil, err
		}
		return nil, s.setPicture(ctx, small)
	})
	register(api, huma.Operation{
		OperationID: "delete-my-picture", Method: http.MethodDelete, Path: "/api/me/picture", Tags: tags, Metadata: needs(needLogin), DefaultStatus: http.StatusNoContent,
		Summary: "Remove my picture",
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) { return nil, s.setPicture(ctx, nil) })
	register(api, huma.Operation{
		OperationID: "get-picture", Method: http.MethodGet, Path: "/api/users/{id}/picture", Tags: tags,
		Summary: "A person's picture", Errors: []int{http.StatusNotFound},
		Responses: map[string]*huma.Response{"200": {Description: "The picture", Content: map[string]*huma.MediaType{"image/png": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}},
	}, s.getPicture)
	register(api, huma.Operation{
		OperationID: "list-pictures", Method: http.MethodGet, Path: "/api/pictures", Tags: tags,
		Summary: "Where people's pictures are", Errors: []int{http.StatusBadRequest},
	}, s.listPictures)
}

// listPictures tells of many people at once who has a picture: where faces
// stand beside each other, each would be a request, and most would find none.
func (s *Server) listPictures(ctx context.Context, in *picturesInput) (*picturesOutput, error) {
	if len(in.Users) > maxPictures {
		return nil, newProblem(http.StatusBadRequest, "invalid_request", "Ask for at most %d people at once.", maxPictures)
	}
	out := &picturesOutput{}
	out.Body.Pictures = map[string]string{}
	for _, user := range in.Users {
		id, err := persistence.ParseID(strings.ToLower(user))
		if err != nil {
			continue // nobody's
		}
		address, err := s.pictureAddress(ctx, id)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		if address != "" {
			out.Body.Pictures[id.String()] = address
		}
	}
	return out, nil
}

func (s *Server) setPicture(ctx context.Context, small []byte) error {
	user, err := s.account(ctx, callerOf(ctx))
	if err != nil {
		return s.problem(ctx, err)
	}
	return s.problem(ctx, s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		if err := edit.SetPicture(user.ID, small); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "user.changed", Subject: user.ID, Detail: "Changed their picture."})
	}))
}

func (s *Server) getPicture(ctx context.Context, in *pictureQuery) (*pictureOutput, error) {
	none := newProblem(http.StatusNotFound, "no_picture", "There is no such picture.")
	id, err := persistence.ParseID(strings.ToLower(in.ID))
	if err != nil {
		return nil, none
	}
	picture, err := s.config.People.Picture(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) {
		return nil, none
	}
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &pictureOutput{Status: http.StatusOK, ContentType: "image/png", CacheControl: "private, max-age=300", ETag: `"` + pictureTag(picture) + `"`}
	if matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	out.Body = picture
	return out, nil
}

func pictureTag(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:8])
}

// pictureAddress is where a user's picture is, "" if they have none. It changes
// with the picture, so that a new one is seen at once.
func (s *Server) pictureAddress(ctx context.Context, user persistence.ID) (string, error) {
	picture, err := s.config.People.Picture(ctx, user)
	if errors.Is(err, persistence.ErrNotFound) {
		return "", nil
	}
	return "/api/users/" + user.String() + "/picture?v=" + pictureTag(picture), err
}

// redraw makes a small square PNG of the middle of a picture.
func redraw(encoded []byte) ([]byte, error) {
	refuse := newProblem(http.StatusBadRequest, "invalid_picture", "This is no PNG, JPEG or GIF of at most %d million pixels; choose another, or a smaller one.", picturePixels>>20)
	config, _, err := image.DecodeConfig(bytes.NewReader(encoded))
	if err != nil || config.Width < 1 || config.Height < 1 || config.Width > picturePixels || config.Height > picturePixels || config.Width*config.Height > picturePixels {
		return nil, refuse
	}
	whole, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, refuse
	}
	bounds := whole.Bounds()
	side := min(bounds.Dx(), bounds.Dy())
	left, top := bounds.Min.X+(bounds.Dx()-side)/2, bounds.Min.Y+(bounds.Dy()-side)/2
	small := image.NewNRGBA(image.Rect(0, 0, pictureSide, pictureSide))
	for y := range pictureSide {
		for x := range pictureSide {
			small.Set(x, y, average(whole, left+x*side/pictureSide, top+y*side/pictureSide, max(1, (side+pictureSide-1)/pictureSide)))
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, small); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// average is the colour of a square of an image.
func average(of image.Image, left, top, side int) color.Color {
	bounds := of.Bounds()
	var r, g, b, a, n uint64
	for y := top; y < min(top+side, bounds.Max.Y); y++ {
		for x := left; x < min(left+side, bounds.Max.X); x++ {
			red, green, blue, alpha := of.At(x, y).RGBA()
			r, g, b, a, n = r+uint64(red), g+uint64(green), b+uint64(blue), a+uint64(alpha), n+1
		}
	}
	n = max(n, 1)
	return color.RGBA64{R: uint16(r / n), G: uint16(g / n), B: uint16(b / n), A: uint16(a / n)}
}
