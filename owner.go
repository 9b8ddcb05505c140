package main

import "context"

// firstOwner makes the owner that the options name, if nobody owns the server.
func (p *Program) firstOwner(ctx context.Context) error {
	if p.Config.OwnerMail == "" {
		return nil
	}
	password, err := secretOf("--owner-password-file", p.Config.OwnerPasswordFile, "COSCRIBE_OWNER_PASSWORD")
	if err != nil {
		return err
	}
	return inOption("--owner-mail", p.Server.FirstOwner(ctx, p.Config.OwnerName, p.Config.OwnerMail, password))
}

// SetupLink is where the first owner comes in; "" when somebody owns the server,
// or everybody may come in anyway.
func (p *Program) SetupLink(ctx context.Context) (string, error) {
	base := p.Config.PublicURL
	if base == "" {
		base = p.URL()
	}
	return p.Server.SetupLink(ctx, base)
}
