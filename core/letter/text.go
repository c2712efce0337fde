package letter

import "strings"

// text is the plain part. Paragraphs are one line each: the provider encodes long
// lines, and a phone breaks them better than we could. A link stands alone on its
// line, so that no mail program takes a full stop or a bracket for a part of it.
func (c content) text() string {
	blocks := []string{
		c.Greeting,
		c.Opening + " " + c.Ask,
		c.Button + ":\n" + c.ReviewURL,
		c.Effort,
		c.Regards + "\n" + c.Vendor,
		// Mail programs leave out what follows this line when they quote.
		"-- \n" + c.Why + " " + c.Object + "\n" + c.OptOutURL,
	}
	foot := c.Vendor
	for _, line := range []string{c.Postal, c.Website} {
		if line != "" {
			foot += "\n" + line
		}
	}
	return strings.Join(append(blocks, foot), "\n\n") + "\n"
}
