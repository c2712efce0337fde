package main_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"aminobridge/adapters/httpapi"
)

// What must be true after TestKill, whatever the kills met.

// judgeOrders sees that the webhook log is what was told, each once, with its
// verdict.
func (c *crowd) judgeOrders() {
	c.t.Helper()
	log := map[string]int{}
	for cursor := ""; ; {
		page := ask[httpapi.AdminEvents](c.world, "event", "list", "--vendor", c.vendor.slug, "-n", "1000", "--cursor", cursor)
		for _, e := range page.Events {
			log[e.Topic+" "+e.Order]++
			if e.Sentence == "" {
				c.t.Errorf("an event of %s has the verdict %q", e.Topic, e.Verdict)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for event := range c.told {
		if log[event] != 1 {
			c.t.Errorf("%s was acknowledged and has %d verdicts (I1)", event, log[event])
		}
	}
	if len(log) != len(c.told) {
		c.t.Errorf("there are verdicts on %d events, %d were told", len(log), len(c.told))
	}
}

// kept is an invitation as the API lists it.
type kept struct {
	OrderRef string `json:"order_ref"`
	Email    string `json:"email"`
	Link     string `json:"review_url"`
	State    string `json:"state"`
	Why      string `json:"explanation"`
}

// list is all invitations, by the name of their order.
func (c *crowd) list() map[string][]kept {
	c.t.Helper()
	found := map[string][]kept{}
	for cursor := ""; ; {
		var page struct {
			Invitations []kept
			Next        string
		}
		body := c.vendor.call("GET", "?limit=100&cursor="+url.QueryEscape(cursor), "").is(200).body
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			c.t.Fatal(err)
		}
		for _, i := range page.Invitations {
			found[i.OrderRef] = append(found[i.OrderRef], i)
		}
		if cursor = page.Next; cursor == "" {
			return found
		}
	}
}

// judgeInvitations sees that everybody was invited once, and that each invitation
// came to an end that somebody gave it. That no link has two mails, and no hour
// too many, the world sees for itself.
func (c *crowd) judgeInvitations() {
	c.t.Helper()
	found := c.list()
	for event := range c.told {
		name, ok := strings.CutPrefix(event, "orders/fulfilled ")
		if n := len(found[name]); ok && (n > 1 || n == 0 && !c.withdraw[name]) {
			c.t.Errorf("order %s has %d invitations", name, n)
		}
	}
	for ref, link := range c.answers {
		if all := found[ref]; len(all) != 1 || all[0].Link != link {
			c.t.Errorf("the call for %s, answered 200, made %d invitations", ref, len(all))
		}
	}
	mailed := map[string]bool{}
	for _, m := range c.provider.Mails() {
		mailed[m.Link("/review/")] = true
	}
	for _, all := range found {
		for _, i := range all {
			c.judgeEnd(i, mailed[i.Link])
		}
	}
	c.same("reviews that were counted", c.vendor.stats().Completed, len(c.reviewed))
}

func (c *crowd) judgeEnd(i kept, mailed bool) {
	fair := false
	switch _, no := c.noes[i.Email]; i.State {
	case "sent", "opened":
		fair = mailed && !c.reviewed[i.Link]
	case "completed":
		fair = c.reviewed[i.Link]
	case "suppressed", "cancelled":
		fair = no && (i.State == "cancelled") == c.withdraw[i.OrderRef]
	}
	if !fair {
		c.t.Errorf("the invitation for %s is %s in the end (%s); mailed: %v", i.OrderRef, i.State, i.Why, mailed)
	}
}

// judgeNoes sees that no request to somebody began after their no (I4).
func (c *crowd) judgeNoes() {
	for _, call := range c.provider.Calls() {
		if no, said := c.noes[call.To]; said && call.At.After(no) {
			c.t.Errorf("a request began %s after the acknowledged no of its customer (I4)", call.At.Sub(no))
		}
	}
}

func (c *crowd) figures() string {
	requests, taken := c.provider.Calls(), len(c.provider.Mails())
	return fmt.Sprintf("%d kills; acknowledged: %d webhooks, %d calls, %d noes, %d reviews, after %d tries in vain; %d requests at the provider, %d mails, at most %d in an hour under a cap of %d",
		*kills, len(c.told), len(c.answers), len(c.noes), len(c.reviewed), c.repeated, len(requests), taken, c.provider.MaxInHour(), killCap)
}
