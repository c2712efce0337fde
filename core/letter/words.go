package letter

import (
	"net/url"
	"strings"

	"aminobridge/core"
)

// words is one language. {vendor}, {order} and {name} stand for themselves; a
// sentence with {order} has a twin for an invitation without one.
//
// No word here asks for praise, promises anything for a review, or treats a glad
// customer and an angry one differently: the law of several countries forbids it,
// and so does the purpose.
type words struct {
	Hello, HelloName        string
	Subject, SubjectOrder   string
	Reminder, ReminderOrder string // subjects
	Thanks, ThanksOrder     string
	Recall, RecallOrder     string // takes the place of Thanks in a reminder
	Ask                     string
	Button                  string
	Effort                  string
	Regards                 string
	Why, WhyOrder           string
	Object                  string
	OptOut                  string
	Preview                 string
}

var languages = map[string]words{
	"en": {
		Hello:         "Hello,",
		HelloName:     "Hello {name},",
		Subject:       "How was your experience with {vendor}?",
		SubjectOrder:  "How was your order from {vendor}?",
		Reminder:      "A reminder: how was your experience with {vendor}?",
		ReminderOrder: "A reminder: how was your order from {vendor}?",
		Thanks:        "Thank you for choosing {vendor}.",
		ThanksOrder:   "Thank you for your order {order} from {vendor}.",
		Recall:        "Some days ago we asked you about your experience with {vendor}. In case our mail got lost, here is the link once more.",
		RecallOrder:   "Some days ago we asked you about your order {order} from {vendor}. In case our mail got lost, here is the link once more.",
		Ask:           "Would you tell us how it went? Good or bad, your own words help us to do better and help others to decide.",
		Button:        "Write a review",
		Effort:        "It takes about two minutes and needs no account. The link is meant for you alone; with it you can also change your review later.",
		Regards:       "Kind regards",
		Why:           "You receive this mail because you are a customer of {vendor}.",
		WhyOrder:      "You receive this mail because you placed an order with {vendor}.",
		Object:        "You can object to mails like this one at any time, at no cost:",
		OptOut:        "No more review requests from {vendor}",
		Preview:       "Good or bad: a few words of yours help us, and help others to decide.",
	},
	"de": {
		Hello:         "Guten Tag,",
		HelloName:     "Guten Tag {name},",
		Subject:       "Wie war Ihre Erfahrung mit {vendor}?",
		SubjectOrder:  "Wie war Ihre Bestellung bei {vendor}?",
		Reminder:      "Zur Erinnerung: Wie war Ihre Erfahrung mit {vendor}?",
		ReminderOrder: "Zur Erinnerung: Wie war Ihre Bestellung bei {vendor}?",
		Thanks:        "vielen Dank, dass Sie sich für {vendor} entschieden haben.",
		ThanksOrder:   "vielen Dank für Ihre Bestellung {order} bei {vendor}.",
		Recall:        "vor einigen Tagen haben wir Sie nach Ihrer Erfahrung mit {vendor} gefragt. Falls unsere E-Mail untergegangen ist, hier noch einmal der Link.",
		RecallOrder:   "vor einigen Tagen haben wir Sie nach Ihrer Bestellung {order} bei {vendor} gefragt. Falls unsere E-Mail untergegangen ist, hier noch einmal der Link.",
		Ask:           "Erzählen Sie uns, wie es war? Ob Lob oder Kritik: Ihre eigenen Worte helfen uns, besser zu werden, und anderen bei der Entscheidung.",
		Button:        "Bewertung schreiben",
		Effort:        "Es dauert etwa zwei Minuten und braucht kein Konto. Der Link ist nur für Sie bestimmt; mit ihm können Sie Ihre Bewertung auch später noch ändern.",
		Regards:       "Freundliche Grüße",
		Why:           "Sie erhalten diese E-Mail, weil Sie Kundin oder Kunde von {vendor} sind.",
		WhyOrder:      "Sie erhalten diese E-Mail, weil Sie bei {vendor} bestellt haben.",
		Object:        "Sie können solchen E-Mails jederzeit widersprechen, ohne dass dafür andere als die Übermittlungskosten nach den Basistarifen entstehen:",
		OptOut:        "Keine Bewertungsanfragen von {vendor} mehr",
		Preview:       "Lob oder Kritik: Ein paar Worte von Ihnen helfen uns und anderen.",
	},
}

// language finds the words for a locale: de-AT is read as de, and a language
// that we do not speak is English.
func language(locale string) (lang string, w words) {
	lang, _, _ = strings.Cut(strings.ToLower(locale), "-")
	if w, ok := languages[lang]; ok {
		return lang, w
	}
	return "en", languages["en"]
}

// content is the letter in words, as both its parts show it.
type content struct {
	Lang, Subject, Preview     string
	Greeting, Opening, Ask     string
	Button, ReviewURL, Effort  string
	Regards, Vendor            string
	Why, Object                string
	OptOut, OptOutURL          string
	Postal, Website, WebsiteAs string
}

func compose(in Input) content {
	lang, w := language(in.Frozen.Locale)
	name, order, vendor := greetingName(in.Name), orderName(in.OrderRef), tidy(in.Frozen.VendorName)
	say := func(plain, withOrder string) string {
		if order != "" {
			plain = withOrder
		}
		// One pass: a brace in a name or an order is never read as a place to fill.
		return strings.NewReplacer("{vendor}", vendor, "{order}", order, "{name}", name).Replace(plain)
	}
	c := content{
		Lang: lang, Vendor: vendor, Preview: w.Preview,
		Greeting: w.Hello, Opening: say(w.Thanks, w.ThanksOrder), Ask: w.Ask,
		Button: w.Button, ReviewURL: in.ReviewURL, Effort: w.Effort, Regards: w.Regards,
		Why: say(w.Why, w.WhyOrder), Object: w.Object, OptOut: say(w.OptOut, w.OptOut), OptOutURL: in.OptOutURL,
		Postal: tidy(in.Frozen.Postal), Website: website(in.Frozen.Website),
	}
	if name != "" {
		c.Greeting = say(w.HelloName, w.HelloName)
	}
	subject := say(w.Subject, w.SubjectOrder)
	if in.Kind == core.Reminder {
		c.Opening, subject = say(w.Recall, w.RecallOrder), say(w.Reminder, w.ReminderOrder)
	}
	c.Subject = cut(subject, 120)
	c.WebsiteAs = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(c.Website, "https://"), "http://"), "/")
	return c
}

// website is the vendor's address if it can stand in a letter as it is, else "".
func website(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || tidy(link) != link || strings.ContainsAny(link, " <>\"'\\") {
		return ""
	}
	return link
}
