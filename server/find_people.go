package server

import (
	"context"

	"github.com/coscribe/coscribe/persistence"
)

type peopleInput struct {
	Query string `query:"query" minLength:"1" maxLength:"200" doc:"Part of the name or mail"`
}

type peopleOutput struct {
	Body struct {
		People []personView `json:"people"`
	}
}

// personView is an account as other members see it, to tell people apart.
type personView struct {
	ID      string `json:"id" format:"uuid"`
	Name    string `json:"name"`
	Color   string `json:"color"`
	Mail    string `json:"mail,omitempty"`
	Picture string `json:"picture,omitempty"`
}

// maxPeople is how many a search for people finds.
const maxPeople = 10

func (s *Server) findPeople(ctx context.Context, in *peopleInput) (*peopleOutput, error) {
	users, _, err := s.config.People.Users(ctx, persistence.UserQuery{Search: in.Query, Limit: 4 * maxPeople})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &peopleOutput{}
	out.Body.People = []personView{}
	for i := range users {
		if !users[i].Active() || len(out.Body.People) == maxPeople {
			continue
		}
		view, err := s.userOf(ctx, &users[i])
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		out.Body.People = append(out.Body.People, personView{ID: view.ID, Name: view.Name, Color: view.Color, Mail: view.Mail, Picture: view.Picture})
	}
	return out, nil
}
