package main

const (
	decideFile   = "core/intake/decide.go"
	settingsFile = "core/vendor.go"
	intakeLoop   = "core/intake/loop.go"
	cancelFile   = "adapters/httpapi/cancel.go"
	shopFile     = "adapters/httpapi/admin_shop.go"
)

// edgeRules are those that stand before a store: what intake decides, what may be
// set, what an answer waits for.
var edgeRules = []mutant{
	{"A newer fulfilment takes the shop's own withdrawal back, though it met a lease.", decideFile,
		`return ByShop(f.Stop)`, `return false`,
		"TestStore/Withdraw/a newer fulfilment in the same lease takes the shop's withdrawal back"},
	{"And nothing that a person said.", decideFile,
		`return ByShop(f.Stop)`, `return f.Stop != ""`,
		"TestDecide/newer, while a person's cancel meets a lease"},
	{"A removal from before a person connected the shop again is outdated.", decideFile,
		`e.At.Before(shop.Since)`, `e.At.Before(shop.CreatedAt)`,
		"TestDecide/uninstalled before it was connected again"},
	{"A shop connected again is so since then.", shopFile,
		`s.UninstalledAt, s.Since = time.Time{}, core.Micro(d.Now())`, `s.UninstalledAt = time.Time{}`,
		"TestAdminUninstallToldLate"},
	{"A new secret alone connects nothing.", shopFile,
		`if !s.UninstalledAt.IsZero() {`, `if true {`,
		"TestAdminUninstallToldLate"},
	{"A shop is connected since it was added.", shopFile,
		`CreatedAt: now, Since: now}`, `CreatedAt: now}`,
		"TestAdminUninstallToldLate"},
	{"In a flood verdicts give way.", intakeLoop,
		`return float64(l.heard.Swap(0)) > flood*gone.Seconds()`, `return gone < 0`,
		"TestLoopGivesWay/in a flood"},
	{"And only in a flood.", intakeLoop,
		`return float64(l.heard.Swap(0)) > flood*gone.Seconds()`, `return gone > 0`,
		"TestLoopGivesWay/below a flood"},
	{"And no longer than it may.", intakeLoop,
		`min(most, (share-1)*l.took)`, `(share-1)*l.took`,
		"TestLoopGivesWay/and not past that"},
	{"What waited is decided by the time that it then is.", intakeLoop,
		"\n		now = l.Now()\n", "\n",
		"TestLoopGivesWay/in a flood"},
	{"And not for ever.", intakeLoop,
		`if waited := now.Sub(events[0].ReceivedAt); waited < mostWay {`, `if waited := time.Duration(0); now.After(events[0].ReceivedAt) {`,
		"TestLoopGivesWay/in one that goes on for long"},
	{"A delay that reaches max_age would invite nobody.", settingsFile,
		`if s.Delay >= s.MaxAge {`, `if s.Delay > s.MaxAge {`,
		"TestSettingsCheck/a delay of max_age"},
	{"A cancel whose lease nobody settled is answered cancelled.", cancelFile,
		"		_, err = h.Store.Cancel(ctx, key.Vendor, id, revoke, h.Now())\n", "",
		"TestCancelWaitsForTheLetter/over, and nobody looked since"},
}
