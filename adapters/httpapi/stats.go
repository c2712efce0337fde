package httpapi

import (
	"context"
	"time"
)

// seriesDays are the days of ?detail=true, today included.
const seriesDays = 90

type statsInput struct {
	Detail flag `query:"detail" doc:"true: everything that is counted, where the vendor stands under its cap, and the last 90 days one by one."`
}

type statsOutput struct{ Body statsAnswer }

func (h API) stats(ctx context.Context, in *statsInput) (*statsOutput, error) {
	detail, err := in.Detail.read("detail")
	if err != nil {
		return nil, err
	}
	vendor := callOf(ctx).key.Vendor
	counters, err := h.Store.Counters(ctx, vendor)
	if err != nil || !detail {
		return &statsOutput{statsOf(counters)}, err
	}
	budget, err := h.Store.Budget(ctx, vendor)
	if err != nil {
		return nil, err
	}
	today := h.Now().UTC().Truncate(24 * time.Hour)
	days, err := h.Store.Series(ctx, vendor, today.AddDate(0, 0, 1-seriesDays), today)
	return &statsOutput{detailOf(counters, budget, days)}, err
}
