package httpapi

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"aminobridge/core"
)

// health is the answer of the probes.
type health struct {
	OK     bool   `json:"ok"`
	Sender string `json:"sender,omitempty"`
}

// accepted is the contract's answer to a POST: ok and review_url, and not one
// member more unless the call asked for it.
type accepted struct {
	OK         bool        `json:"ok" example:"true"`
	ReviewURL  string      `json:"review_url" example:"https://amino.reviews/review/abc123..." doc:"The link that the customer reviews by; the same as in the mail."`
	Invitation *invitation `json:"invitation,omitempty" doc:"With Prefer: return=representation."`
}

// scheduled is the answer to a POST that is content to wait.
type scheduled struct {
	OK             bool        `json:"ok" example:"true"`
	ID             string      `json:"id" example:"inv_06bqk3s5p8w8z4v0t4g2m6x1c4"`
	ReviewURL      string      `json:"review_url" example:"https://amino.reviews/review/abc123..."`
	Status         string      `json:"status" example:"scheduled" doc:"The invitation's state."`
	Reason         string      `json:"reason,omitempty" example:"cooldown" doc:"Why no mail goes out."`
	Explanation    string      `json:"explanation" example:"The mail waits for its time and its place under the hourly cap."`
	ExpectedSendAt *time.Time  `json:"expected_send_at" doc:"An estimate; null while nobody can tell."`
	Invitation     *invitation `json:"invitation,omitempty" doc:"With Prefer: return=representation."`
}

func scheduledOf(a core.Accepted, link string, whole *invitation) scheduled {
	i := a.Invitation
	return scheduled{
		OK: true, ID: i.ID.String(), ReviewURL: link, Status: i.State.String(), Reason: string(i.Reason),
		Explanation: explanation(i, a.ExpectedAt), ExpectedSendAt: orNull(a.ExpectedAt), Invitation: whole,
	}
}

// oneAnswer and listAnswer carry invitations.
type oneAnswer struct {
	OK         bool       `json:"ok" example:"true"`
	Invitation invitation `json:"invitation"`
}

type listAnswer struct {
	OK          bool         `json:"ok" example:"true"`
	Invitations []invitation `json:"invitations" nullable:"false" doc:"Newest first."`
	Next        *string      `json:"next" doc:"The cursor of the next page; null after the last. A page may be short, even empty, and still have one."`
}

// invitation is an invitation as a vendor's program sees it. A time that has not
// come is null.
type invitation struct {
	ID             string     `json:"id" example:"inv_06bqk3s5p8w8z4v0t4g2m6x1c4"`
	State          string     `json:"state" enum:"scheduled,sent,opened,completed,expired,cancelled,suppressed,failed,unknown"`
	Reason         string     `json:"reason,omitempty" doc:"Why it rests. Codes are added, never changed."`
	Explanation    string     `json:"explanation" doc:"Where it stands, in one sentence."`
	OrderRef       string     `json:"order_ref,omitempty"`
	Email          string     `json:"email,omitempty" doc:"Masked unless the key has scope manage; absent after retention or erasure."`
	Name           string     `json:"name,omitempty" doc:"As email."`
	Lane           string     `json:"lane" enum:"direct,orders,bulk"`
	CreatedAt      *time.Time `json:"created_at"`
	DueAt          *time.Time `json:"due_at" doc:"When the mail is wanted."`
	ExpectedSendAt *time.Time `json:"expected_send_at" doc:"An estimate; null unless scheduled, while the vendor is paused, and while the sender is closed."`
	SentAt         *time.Time `json:"sent_at"`
	OpenedAt       *time.Time `json:"opened_at"`
	CompletedAt    *time.Time `json:"completed_at"`
	ExpiresAt      *time.Time `json:"expires_at"`
	ExpiredAt      *time.Time `json:"expired_at"`
	RevokedAt      *time.Time `json:"revoked_at"`
	Visits         int        `json:"visits" doc:"Every fetch of the page, by people and machines."`
	ReviewURL      string     `json:"review_url"`
	Timeline       []step     `json:"timeline" nullable:"false" doc:"What has happened, oldest first."`
}

// step is one thing that happened to an invitation.
type step struct {
	At   time.Time `json:"at"`
	What string    `json:"what" example:"sent" doc:"created, fulfilled, revoked, or the state that it came to."`
}

func (h API) viewOf(i core.Invitation, expected time.Time, scope core.Scope) invitation {
	email, name := i.Email, i.Name
	if scope != core.ScopeManage {
		email, name = masked(email), initial(name)
	}
	return invitation{
		ID: i.ID.String(), State: i.State.String(), Reason: string(i.Reason), Explanation: explanation(i, expected),
		OrderRef: i.OrderRef, Email: email, Name: name, Lane: i.Lane.String(),
		CreatedAt: orNull(i.CreatedAt), DueAt: orNull(i.DueAt), ExpectedSendAt: orNull(expected), SentAt: orNull(i.SentAt),
		OpenedAt: orNull(i.OpenedAt), CompletedAt: orNull(i.CompletedAt), ExpiresAt: orNull(i.ExpiresAt),
		ExpiredAt: orNull(i.ExpiredAt), RevokedAt: orNull(i.RevokedAt),
		Visits: i.Visits, ReviewURL: h.link(i), Timeline: timeline(i),
	}
}

func timeline(i core.Invitation) []step {
	all := []step{
		{i.CreatedAt, "created"}, {i.SentAt, "sent"}, {i.OpenedAt, "opened"}, {i.CompletedAt, "completed"},
		{i.ExpiredAt, "expired"}, {i.RevokedAt, "revoked"},
	}
	if !i.Shop.IsZero() {
		all = append(all, step{i.FulfilledAt, "fulfilled"})
	}
	if i.State.Resting() {
		all = append(all, step{i.RestedAt, i.State.String()})
	}
	all = slices.DeleteFunc(all, func(s step) bool { return s.At.IsZero() })
	slices.SortStableFunc(all, func(a, b step) int { return a.At.Compare(b.At) })
	return all
}

var explanations = map[core.State]string{
	core.Scheduled:  "The mail waits: for its time, its place under the hourly cap, or a paused vendor or closed sender.",
	core.Sent:       "The mail has left; the customer has not opened the link yet.",
	core.Opened:     "The customer has opened the link and not reviewed yet.",
	core.Completed:  "The customer has reviewed.",
	core.Expired:    "The link ran out without a review.",
	core.Cancelled:  "This invitation was cancelled before its mail left.",
	core.Suppressed: core.OnSuppression.Sentence(),
	core.Failed:     core.Refused.Sentence(),
	core.Unknown:    core.AnswerLost.Sentence(),
}

// explanation says in one sentence where an invitation stands.
func explanation(i core.Invitation, expected time.Time) string {
	if i.State == core.Scheduled && !expected.IsZero() {
		return "The mail is expected to leave about " + expected.UTC().Format("2006-01-02 15:04") + " UTC."
	}
	if !i.RevokedAt.IsZero() && (i.State == core.Sent || i.State == core.Opened) {
		return "The mail has left; its link was closed before a review."
	}
	return cmp.Or(i.Reason.Sentence(), explanations[i.State])
}

// masked leaves the first characters of both parts of an address and its last
// label: j***@e***.com. It is enough to recognise, and not to write to.
func masked(address string) string {
	at := strings.LastIndexByte(address, '@')
	dot := strings.LastIndexByte(address, '.')
	if at < 0 || dot < at {
		return initial(address)
	}
	return initial(address[:at]) + "@" + initial(address[at+1:]) + address[dot:]
}

func initial(text string) string {
	if text == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(text)
	return text[:n] + "***"
}

// statsAnswer is the contract's answer: exactly four numbers, unless the call
// asked for detail.
type statsAnswer struct {
	OK     bool    `json:"ok" example:"true"`
	Stats  stats   `json:"stats"`
	Budget *budget `json:"budget,omitempty" doc:"With detail: where the vendor stands under its cap."`
	Series []day   `json:"series,omitzero" nullable:"false" doc:"With detail: the UTC days of the last 90 that have anything to tell."`
}

type stats struct {
	Sent      int64 `json:"sent" example:"142" doc:"Total invitations sent."`
	Opened    int64 `json:"opened" example:"98" doc:"Invitations where the customer clicked the review link."`
	Completed int64 `json:"completed" example:"67" doc:"Invitations that resulted in a submitted review."`
	Expired   int64 `json:"expired" example:"12" doc:"Invitations that passed the expiration window without a review."`

	Accepted *int64           `json:"accepted,omitempty" doc:"With detail: invitations ever made."`
	Visits   *int64           `json:"visits,omitempty" doc:"With detail: fetches of review pages, by people and machines."`
	ByState  map[string]int64 `json:"by_state,omitzero" doc:"With detail: invitations now in each state."`
	Verdicts map[string]int64 `json:"verdicts,omitzero" doc:"With detail: what was decided about order events, by reason."`
}

type budget struct {
	Cap     int            `json:"cap" doc:"The most mails in any one hour."`
	Left    int            `json:"left" doc:"Direct calls that would be admitted now."`
	Reset   int            `json:"reset" doc:"Seconds until the next place frees; 0 if none is taken."`
	Live    int            `json:"live" doc:"Places taken by mails that left or are leaving."`
	Waiting map[string]int `json:"waiting" nullable:"false" doc:"Mails that wait, by lane."`
}

type day struct {
	Date      string `json:"date" example:"2026-11-22"`
	Sent      int64  `json:"sent"`
	Opened    int64  `json:"opened"`
	Completed int64  `json:"completed"`
	Expired   int64  `json:"expired"`
}

func statsOf(c core.Counters) statsAnswer {
	return statsAnswer{OK: true, Stats: stats{Sent: c.Sent, Opened: c.Opened, Completed: c.Completed, Expired: c.Expired}}
}

func detailOf(c core.Counters, b core.Budget, days []core.Day) statsAnswer {
	out := statsOf(c)
	out.Stats.Accepted, out.Stats.Visits = &c.Accepted, &c.Visits
	out.Stats.ByState, out.Stats.Verdicts = map[string]int64{}, map[string]int64{}
	for s, n := range c.ByState {
		out.Stats.ByState[s.String()] = n
	}
	for r, n := range c.Verdicts {
		out.Stats.Verdicts[string(r)] = n
	}
	out.Budget = budgetOf(b)
	out.Series = make([]day, len(days))
	for i, d := range days {
		out.Series[i] = day(d)
	}
	return out
}

func budgetOf(b core.Budget) *budget {
	out := &budget{Cap: b.Cap, Left: b.Left, Reset: seconds(b.Reset), Live: b.Live, Waiting: map[string]int{}}
	for lane, n := range b.Queue {
		out.Waiting[lane.String()] = n
	}
	return out
}
