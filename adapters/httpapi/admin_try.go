package httpapi

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

// AdminTrial is what became of a test notification: the answer that the platform
// would see, the verdict, and what a real order would have got.
type AdminTrial struct {
	Status        int         `json:"status"`
	Verdict       core.Reason `json:"verdict"`
	Sentence      string      `json:"sentence"`
	Would         core.Reason `json:"would"`
	WouldSentence string      `json:"would_sentence"`
}

// testShop sends the shop's webhook route what the platform's own test button
// sends, in process, and waits for the verdict.
func (d desk) testShop(c *fiber.Ctx) error {
	s, err := d.shopOf(c)
	if err != nil {
		return err
	}
	if len(s.Secrets) == 0 {
		return &core.FieldError{Field: "secret", Code: "missing", Reason: "is not set; set it with: amino shop set " + s.ID.String() + " --secret SECRET"}
	}
	req, order, err := d.Platforms[s.Platform].Sample(d.hook(s).WebhookURL, s.Secrets[0], d.Now())
	if err != nil {
		return err
	}
	res, err := d.Post(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	out := AdminTrial{Status: res.StatusCode}
	if res.StatusCode == fiber.StatusOK {
		v, err := d.verdictOn(c.UserContext(), s, order)
		if err != nil {
			return err
		}
		out.Verdict, out.Sentence, out.Would, out.WouldSentence = v.Reason, v.Reason.Sentence(), v.Would, v.Would.Sentence()
	}
	return c.JSON(out)
}

// verdictWait is generous: a verdict takes a second when the program is busy.
const verdictWait = 10 * time.Second

// verdictOn waits for the verdict on the order among the vendor's latest.
func (d desk) verdictOn(ctx context.Context, s core.Shop, order string) (core.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, verdictWait)
	defer cancel()
	for {
		latest, _, err := d.Store.Verdicts(ctx, s.Vendor, "", usualListed)
		if err != nil {
			return core.Verdict{}, err
		}
		for _, v := range latest {
			if v.Shop == s.ID && v.Order.ID == order {
				return v, nil
			}
		}
		select {
		case <-ctx.Done():
			return core.Verdict{}, core.ErrWait
		case <-time.After(20 * time.Millisecond):
		}
	}
}
