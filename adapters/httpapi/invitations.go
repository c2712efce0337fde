package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
)

const (
	usualPage   = 50
	biggestPage = 100
)

// posted is the answer to a POST.
type posted struct {
	Status    int
	Location  string `header:"Location" doc:"Where the invitation is."`
	Duplicate string `header:"Amino-Duplicate" doc:"true: this order was invited before; nobody is mailed again."`
	Resting   string `header:"Amino-Status" doc:"Why no mail goes out although the link works: suppressed or cancelled."`
	Applied   string `header:"Preference-Applied" doc:"What of Prefer was done."`
	Body      any
}

// post asks the store for the invitation that the call wants.
func (h API) post(ctx context.Context, _ *struct{}) (*posted, error) {
	c := callOf(ctx)
	ask := c.wish.ask
	ask.Vendor, ask.Key, ask.Now = c.key.Vendor, c.key.ID, h.Now()
	made, err := h.Store.Accept(ctx, ask)
	if err != nil {
		return nil, err
	}
	h.Nudge()
	c.budget = &made.Budget
	out := h.receipt(made)
	link := h.link(made.Invitation)
	var whole *invitation
	if c.wish.whole {
		v, _ := h.forecast(ctx, made.Invitation, c.key.Scope) // what was accepted is told, with or without a forecast
		whole, out.Applied = &v, "return=representation"
	}
	out.Body = accepted{OK: true, ReviewURL: link, Invitation: whole}
	if c.wish.later {
		out.Status, out.Body = http.StatusAccepted, scheduledOf(made, link, whole)
	}
	return out, nil
}

// receipt is what the headers say became of a call.
func (h API) receipt(a core.Accepted) *posted {
	out := &posted{Status: http.StatusOK, Location: invitations + "/" + a.Invitation.ID.String()}
	if a.Duplicate {
		out.Duplicate = "true"
	}
	if s := a.Invitation.State; s == core.Suppressed || s == core.Cancelled {
		out.Resting = s.String()
	}
	return out
}

func (h API) link(i core.Invitation) string {
	return core.ReviewURL(h.PublicURL, h.Keys.ReviewToken(h.Keys.TokenVersion(), i.Vendor, i.ID))
}

type listInput struct {
	OrderRef string `query:"order_ref" doc:"Only invitations of this order." example:"ORD-12345"`
	Email    string `query:"email" doc:"Only invitations to exactly this address."`
	State    string `query:"state" doc:"Only invitations in this state." enum:"scheduled,sent,opened,completed,expired,cancelled,suppressed,failed,unknown"`
	Limit    number `query:"limit" doc:"The most invitations on a page."`
	Cursor   string `query:"cursor" doc:"next of the page before."`
}

type listOutput struct{ Body listAnswer }

func (h API) list(ctx context.Context, in *listInput) (*listOutput, error) {
	filter, n, err := in.read()
	if err != nil {
		return nil, err
	}
	key := callOf(ctx).key
	page, err := h.Store.List(ctx, key.Vendor, filter, in.Cursor, n)
	if err != nil {
		return nil, err
	}
	out := &listOutput{listAnswer{OK: true, Invitations: make([]invitation, 0, len(page.Invitations))}}
	for _, i := range page.Invitations {
		v, err := h.forecast(ctx, i, key.Scope)
		if err != nil {
			return nil, err
		}
		out.Body.Invitations = append(out.Body.Invitations, v)
	}
	if page.Next != "" {
		out.Body.Next = &page.Next
	}
	return out, nil
}

// read returns every fault of the query at once.
func (in *listInput) read() (f core.Filter, n int, err error) {
	var errState, errEmail error
	f.OrderRef = in.OrderRef
	if in.State != "" {
		f.State, errState = core.ParseState(in.State)
	}
	if in.Email != "" {
		f.Email, errEmail = intake.Address(in.Email)
	}
	n, errLimit := in.Limit.read("limit", usualPage, biggestPage)
	return f, n, errors.Join(errEmail, errState, errLimit)
}

type oneInput struct {
	ID string `path:"id" doc:"The invitation's id, as in Location." example:"inv_06bqk3s5p8w8z4v0t4g2m6x1c4"`
}

type oneOutput struct{ Body oneAnswer }

func (h API) one(ctx context.Context, in *oneInput) (*oneOutput, error) {
	id, err := invitationID(in.ID)
	if err != nil {
		return nil, err
	}
	key := callOf(ctx).key
	i, err := h.Store.Invitation(ctx, key.Vendor, id)
	if err != nil {
		return nil, err
	}
	v, err := h.forecast(ctx, i, key.Scope)
	return &oneOutput{oneAnswer{OK: true, Invitation: v}}, err
}

// invitationID does not find what has not the form of an id.
func invitationID(text string) (core.InvitationID, error) {
	id, err := core.ParseInvitationID(text)
	if err != nil {
		return id, fmt.Errorf("invitation: %w", core.ErrNotFound)
	}
	return id, nil
}

// forecast views an invitation with the time at which its mail should leave.
func (h API) forecast(ctx context.Context, i core.Invitation, scope core.Scope) (invitation, error) {
	if i.State != core.Scheduled {
		return h.viewOf(i, time.Time{}, scope), nil
	}
	at, err := h.Store.Forecast(ctx, i.Vendor, i.ID, h.Now())
	return h.viewOf(i, at, scope), err
}
