package httpapi

import (
	"context"
	"errors"
	"time"

	"aminobridge/core"
	"aminobridge/core/queue"
)

// leaseWait is how long a no waits for a letter on its way: as long as a lease
// may last.
const leaseWait = time.Minute

type cancelInput struct {
	ID     string `path:"id" doc:"The invitation's id, as in Location." example:"inv_06bqk3s5p8w8z4v0t4g2m6x1c4"`
	Revoke flag   `query:"revoke" doc:"true: also close the link, whatever the state, for good."`
}

// cancel takes the mail back. While the letter is on its way it waits for the
// attempt to end, and then says what came of it.
func (h API) cancel(ctx context.Context, in *cancelInput) (*oneOutput, error) {
	key := callOf(ctx).key
	id, revoke, err := in.read(key.Scope)
	if err != nil {
		return nil, err
	}
	refs, err := h.Store.Cancel(ctx, key.Vendor, id, revoke, h.Now())
	if err == nil && len(refs) > 0 {
		if err := h.await(ctx, refs); err != nil {
			return nil, err
		}
		// Again, for a lease that nobody settled.
		_, err = h.Store.Cancel(ctx, key.Vendor, id, revoke, h.Now())
	}
	if err != nil {
		return nil, err
	}
	i, err := h.Store.Invitation(ctx, key.Vendor, id)
	if err == nil && !i.SentAt.IsZero() && !revoke {
		err = core.ErrAlreadySent
	}
	return &oneOutput{oneAnswer{OK: true, Invitation: h.viewOf(i, time.Time{}, key.Scope)}}, err
}

func (in *cancelInput) read(scope core.Scope) (core.InvitationID, bool, error) {
	if scope != core.ScopeManage {
		return core.InvitationID{}, false, errScope
	}
	id, errID := invitationID(in.ID)
	revoke, errRevoke := in.Revoke.read("revoke")
	return id, revoke, errors.Join(errID, errRevoke)
}

func (h API) await(ctx context.Context, refs []core.LeaseRef) error {
	ctx, stop := context.WithTimeout(ctx, leaseWait)
	defer stop()
	return queue.Await(ctx, h.Store, refs)
}
