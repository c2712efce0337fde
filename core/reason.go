package core

// Reason is the code of a verdict, or of why an invitation rests. It is part of
// the API: codes are added, never changed.
type Reason string

const (
	Invited        Reason = "invited"
	AlreadyInvited Reason = "already_invited"
	Rescheduled    Reason = "rescheduled"

	TestOrder       Reason = "test_order"
	NoAddress       Reason = "no_address"
	BadAddress      Reason = "bad_address"
	NoTime          Reason = "no_time"
	NotFulfilled    Reason = "not_fulfilled"
	Stale           Reason = "stale"
	InCooldown      Reason = "cooldown"
	WithdrawnBefore Reason = "withdrawn_before"
	OnSuppression   Reason = "suppressed"
	PersonCancelled Reason = "cancelled_by_person"

	OrderCancelled    Reason = "order_cancelled"
	OrderRefunded     Reason = "order_refunded"
	PartialRefund     Reason = "partial_refund"
	WithdrawalNoted   Reason = "withdrawal_noted"
	WithdrawnTooLate  Reason = "withdrawn_too_late"
	WithdrawalIsStale Reason = "withdrawal_outdated"

	ShopUninstalled Reason = "shop_uninstalled"
	UninstallStale  Reason = "uninstall_outdated"
	IgnoredTopic    Reason = "ignored_topic"
	Unmapped        Reason = "unmapped"
	Poison          Reason = "poison"

	OptedOut       Reason = "opted_out"
	SuppressedHand Reason = "suppressed_by_person"
	Revoked        Reason = "revoked"
	Erased         Reason = "erased"

	Refused      Reason = "refused_by_provider"
	AnswerLost   Reason = "answer_lost"
	KeyCollision Reason = "send_key_collision"
	RendererGone Reason = "renderer_gone"
	Unmakeable   Reason = "letter_not_made"
)

var sentences = map[Reason]string{
	Invited:           "The order was fulfilled; its invitation is scheduled.",
	AlreadyInvited:    "This order has its invitation already.",
	Rescheduled:       "The order was fulfilled again after it was withdrawn; its invitation is scheduled again.",
	TestOrder:         "This is a test order, so nobody is written to.",
	NoAddress:         "The order has no e-mail address, or the platform hides it from this app.",
	BadAddress:        "The order's e-mail address is not one that mail can be sent to.",
	NoTime:            "The order does not say when it was fulfilled.",
	NotFulfilled:      "The order is not fulfilled.",
	Stale:             "The order was fulfilled longer ago than the vendor's max_age.",
	InCooldown:        "The customer was invited by this vendor within the cooldown.",
	WithdrawnBefore:   "The order was cancelled or refunded, and not fulfilled again since.",
	OnSuppression:     "The customer's address is suppressed.",
	PersonCancelled:   "A person cancelled this invitation.",
	OrderCancelled:    "The order was cancelled; its invitation is withdrawn.",
	OrderRefunded:     "The order was refunded in full; its invitation is withdrawn.",
	PartialRefund:     "Only a part of the order was refunded; its invitation stays.",
	WithdrawalNoted:   "The order has no invitation; a fulfilment from before this will not get one.",
	WithdrawnTooLate:  "The order was withdrawn after its mail had left.",
	WithdrawalIsStale: "The order was fulfilled again after this withdrawal; its invitation stays.",
	ShopUninstalled:   "The shop has removed the app; its orders invite nobody.",
	UninstallStale:    "The shop was connected again after this removal.",
	IgnoredTopic:      "Events of this topic are not used.",
	Unmapped:          "The signed body is not an order that could be read.",
	Poison:            "This event failed on its own and was set aside.",
	OptedOut:          "The customer asked not to be written to.",
	SuppressedHand:    "A person put the address on the suppression list.",
	Revoked:           "A person revoked this invitation; its link is closed.",
	Erased:            "The customer's data was erased.",
	Refused:           "The mail provider refuses this letter.",
	AnswerLost:        "The mail was handed over, but the answer was lost, and it is too late to ask again safely.",
	KeyCollision:      "The mail provider knows this send key with other content.",
	Unmakeable:        "The letter could not be made from the vendor's settings and the order.",
	RendererGone:      "The mail may have left in a form that this version cannot make again.",
}

// Sentence is the reason in one plain sentence, the same in API, CLI and page.
func (r Reason) Sentence() string { return sentences[r] }

// Reasons lists every code there is, for documents and tests.
func Reasons() []Reason {
	out := make([]Reason, 0, len(sentences))
	for r := range sentences {
		out = append(out, r)
	}
	return out
}
