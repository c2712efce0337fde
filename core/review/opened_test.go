package review_test

import (
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/review"
)

func TestOpened(t *testing.T) {
	cases := []struct {
		name  string
		proof review.Proof
		want  bool
	}{
		{"a pointer moved", review.Proof{Input: "pointer", Visible: time.Second, Age: time.Second}, true},
		{"a wheel turned", review.Proof{Input: "wheel", Visible: time.Hour, Age: time.Hour}, true},
		{"a touch", review.Proof{Input: "touch", Visible: time.Minute, Age: 2 * time.Minute}, true},
		{"a key", review.Proof{Input: "key", Visible: time.Second, Age: time.Minute}, true},
		{"nobody did anything", review.Proof{Visible: time.Minute, Age: time.Minute}, false},
		{"a scroll, which script can cause", review.Proof{Input: "scroll", Visible: time.Minute, Age: time.Minute}, false},
		{"hardly visible", review.Proof{Input: "key", Visible: 999 * time.Millisecond, Age: time.Minute}, false},
		{"visible for longer than there is a page", review.Proof{Input: "key", Visible: time.Minute, Age: 999 * time.Millisecond}, false},
		{"no stamp of ours", review.Proof{Input: "key", Visible: time.Minute}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := review.Opened(c.proof); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestLinkOf(t *testing.T) {
	past, ahead := now, now.Add(time.Microsecond)
	cases := []struct {
		name       string
		invitation core.Invitation
		want       review.Link
	}{
		{"not sent yet", core.Invitation{State: core.Scheduled}, review.Live},
		{"sent", core.Invitation{State: core.Sent, ExpiresAt: ahead}, review.Live},
		{"suppressed people may still review", core.Invitation{State: core.Suppressed}, review.Live},
		{"cancelled and not revoked", core.Invitation{State: core.Cancelled}, review.Live},
		{"past its time, cron or not", core.Invitation{State: core.Opened, ExpiresAt: past}, review.Over},
		{"counted by cron", core.Invitation{State: core.Expired}, review.Over},
		{"reviewed", core.Invitation{State: core.Completed, ExpiresAt: ahead}, review.Live},
		{"reviewed before it was sent", core.Invitation{State: core.Completed}, review.Live},
		{"reviewed, and past its time", core.Invitation{State: core.Completed, ExpiresAt: past}, review.Over},
		{"revoked", core.Invitation{State: core.Sent, RevokedAt: past, ExpiresAt: ahead}, review.Closed},
		{"revoked and past its time", core.Invitation{State: core.Expired, RevokedAt: past}, review.Closed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := review.LinkOf(c.invitation, now); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
