package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"aminobridge/adapters/resend/resendtest"
	"aminobridge/adapters/shopify/shopifytest"
)

// What the crowd of TestKill does.

// client does one thing after the other until it is stopped, and ends what it has
// begun.
func (c *crowd) client(n int, stop <-chan struct{}) {
	dice := c.dice(uint64(n))
	for id := 1_000_000 * n; ; id++ {
		select {
		case <-stop:
			return
		case <-time.After(rollTime(dice, 80*time.Millisecond)):
		}
		switch dice.IntN(12) {
		case 0:
			c.saysNo(id, dice)
		case 1:
			c.looks(dice)
		case 2:
			c.reviews()
		case 3, 4, 5, 6, 7:
			c.orders(id, dice)
		default:
			c.calls(id, dice)
		}
	}
}

func somebody(kind string, id int) person {
	return person{"Quilla", "Zebrowska", fmt.Sprintf("%s%d@zebrowska.example", kind, id)}
}

// until tries until it is answered 2xx, and returns that answer. What no retry
// can mend fails the test and ends the client.
func (c *crowd) until(try func() (answer, error)) answer {
	for deadline := time.Now().Add(2 * time.Minute); ; {
		a, err := try()
		switch {
		case err == nil && a.status/100 == 2:
			return a
		case err == nil && a.status/100 == 4, time.Now().After(deadline):
			c.t.Errorf("in vain: %d, %v: %s", a.status, err, a.body)
			runtime.Goexit() // only the test's own goroutine may call Fatal
		}
		c.note(func() { c.repeated++ })
		<-time.After(10 * time.Millisecond)
	}
}

func (c *crowd) note(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
}

// orders fulfils an order and withdraws some, a few of them first.
func (c *crowd) orders(id int, dice *rand.Rand) {
	o := c.order(id, somebody("o", id))
	withdrawn := o
	withdrawn.At, withdrawn.RefundID = o.At.Add(time.Second), uint64(id+1)
	fulfil := func() { c.tells(shopifytest.Fulfilled, o, o.Name, 1+dice.IntN(3)/2) }
	withdraw := func() {
		if dice.IntN(2) == 0 {
			c.tells(shopifytest.Refunded, withdrawn, fmt.Sprint(o.ID), 1+dice.IntN(3)/2)
		} else {
			withdrawn.RefundID = 0
			c.tells(shopifytest.Cancelled, withdrawn, o.Name, 1+dice.IntN(3)/2)
		}
		c.no(o.Email)
		c.note(func() { c.withdraw[o.Name] = true })
	}
	switch dice.IntN(10) {
	case 0:
		withdraw()
		fulfil()
	case 1, 2, 3:
		fulfil()
		<-time.After(rollTime(dice, 50*time.Millisecond))
		withdraw()
	default:
		fulfil()
	}
}

// tells posts a webhook so many times at once.
func (c *crowd) tells(event func(shopifytest.Order) (string, []byte), o shopifytest.Order, order string, times int) {
	topic, _ := event(o)
	var posts sync.WaitGroup
	for range times {
		posts.Go(func() { c.until(func() (answer, error) { return c.shop.tries(event, o) }) })
	}
	posts.Wait()
	c.note(func() { c.told[topic+" "+order] = true })
}

// calls invites somebody. Few calls are direct: more of them than the cap has
// places would, hour after hour, keep the orders waiting, and with them a letter
// whose answer was lost until it is too late to ask again.
func (c *crowd) calls(id int, dice *rand.Rand) {
	var headers []string
	if dice.IntN(4) > 0 {
		headers = []string{"Prefer", "respond-async"}
	}
	c.invites(fmt.Sprint("R-", id), somebody("r", id), 1+dice.IntN(3)/2, headers...)
}

// invites makes the same call so many times at once. Every answer has one link.
func (c *crowd) invites(ref string, p person, times int, headers ...string) {
	headers = append(headers, "Authorization", "Bearer "+c.software.key)
	var posts sync.WaitGroup
	for range times {
		posts.Go(func() {
			link := c.until(func() (answer, error) {
				return c.outside.try("POST", invitations, invitation(p, ref), headers...)
			}).link()
			c.note(func() {
				if before := c.answers[ref]; before != "" && before != link {
					c.t.Error("the same call was answered with two links")
				}
				c.answers[ref] = link
			})
		})
	}
	posts.Wait()
}

// no notes that nobody may write to an address from now on.
func (c *crowd) no(email string) {
	at := c.now()
	c.note(func() {
		if _, said := c.noes[email]; !said {
			c.noes[email] = at
		}
	})
}

// saysNo is a customer of a mail, to whom another letter has just become due.
func (c *crowd) saysNo(id int, dice *rand.Rand) {
	mails := c.provider.Mails()
	mails = slices.DeleteFunc(mails, func(m resendtest.Mail) bool { return !strings.HasPrefix(m.To, "r") })
	if len(mails) == 0 {
		return
	}
	m := mails[dice.IntN(len(mails))]
	p := somebody("r", 0)
	p.email = m.To
	c.invites(fmt.Sprint("S-", id), p, 1)
	c.until(func() (answer, error) { return c.outside.optOut(m.Link("/u/")) })
	c.no(p.email)
}

// looks opens the page behind some link, of a mail or of a call's answer.
func (c *crowd) looks(dice *rand.Rand) {
	var links []string
	if dice.IntN(4) == 0 {
		c.note(func() {
			for _, link := range c.answers {
				links = append(links, link)
			}
		})
	} else {
		for _, m := range c.provider.Mails() {
			links = append(links, m.Link("/review/"))
		}
	}
	if len(links) == 0 {
		return
	}
	slices.Sort(links)
	link := links[dice.IntN(len(links))]
	page := c.until(func() (answer, error) { return c.outside.try("GET", link, "") })
	form := stampForm.FindStringSubmatch(page.body)
	if form == nil {
		c.t.Error("the review page has no form")
		return
	}
	at := c.now()
	c.note(func() { c.looked = append(c.looked, look{link, form[1], at}) })
}

// reviews sends the form of the page that was opened first, unless that was but
// now.
func (c *crowd) reviews() {
	var l look
	c.note(func() {
		if len(c.looked) > 0 && c.now().Sub(c.looked[0].at) > 5*time.Second {
			l, c.looked = c.looked[0], c.looked[1:]
		}
	})
	if l.link == "" {
		return
	}
	form := url.Values{"stamp": {l.stamp}, "rating": {"4"}, "text": {"It came, and it works."}, "homepage": {""}}
	c.until(func() (answer, error) {
		return c.outside.try("POST", l.link, form.Encode(), "Content-Type", formType)
	})
	c.note(func() { c.reviewed[l.link] = true })
}
