package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// quietConfig leaves out everything that huma would serve or add by itself.
func quietConfig() huma.Config {
	config := huma.DefaultConfig("Amino Bridge", "1")
	config.CreateHooks = nil // they put $schema into every answer
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.AllowAdditionalPropertiesByDefault = true // members are added in time
	config.Info.Description = "Ask customers for a review of their order."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", BearerFormat: "amino_…", Description: "An API key of the vendor."},
	}
	config.Security = []map[string][]string{{"key": {}}}
	return config
}

// operations mounts what the API can do and returns its description. huma is
// left with routing, documents and writing JSON: its reading and refusing of
// bodies and parameters is not in the contract's form, so no input has a Body
// and every parameter is text.
func (h API) operations(app *fiber.App) *huma.OpenAPI {
	config := quietConfig()
	api := humafiber.New(app, config)
	schema := func(v any) *huma.Schema {
		return config.Components.Schemas.Schema(reflect.TypeOf(v), true, "")
	}
	problems := schema(problem{})

	add(h, api, h.post, huma.Operation{
		OperationID: "send-invitation", Method: http.MethodPost, Path: invitations, Summary: "Send an invitation",
		Description: "Mails one customer a link to review by. The same order_ref again mails nobody.",
		Parameters:  postHeaders,
		Responses: responses(problems, []int{400, 401, 413, 415, 422, 429, 503}, map[int]*huma.Response{
			200: {Description: "Admitted, or invited before.", Content: jsonOf(schema(accepted{})), Headers: budgetHeaders()},
			202: {Description: "Accepted; the mail goes out by and by.", Content: jsonOf(schema(scheduled{})), Headers: budgetHeaders()},
		}),
	})
	add(h, api, h.stats, huma.Operation{
		OperationID: "get-statistics", Method: http.MethodGet, Path: invitations + "/stats", Summary: "Get invitation statistics",
		Responses: responses(problems, []int{400, 401, 503}, nil),
	})
	add(h, api, h.list, huma.Operation{
		OperationID: "list-invitations", Method: http.MethodGet, Path: invitations, Summary: "List invitations",
		Responses: responses(problems, []int{400, 401, 503}, nil),
	})
	add(h, api, h.one, huma.Operation{
		OperationID: "get-invitation", Method: http.MethodGet, Path: invitations + "/{id}", Summary: "Get one invitation",
		Responses: responses(problems, []int{401, 404, 503}, nil),
	})
	add(h, api, h.cancel, huma.Operation{
		OperationID: "cancel-invitation", Method: http.MethodDelete, Path: invitations + "/{id}", Summary: "Cancel an invitation",
		Description: "Takes the mail back, if it has not left: 409 already_sent if it has. Needs a key of scope manage. While the mail is on its way the answer waits, at most a minute.",
		Responses:   responses(problems, []int{400, 401, 403, 404, 409, 503}, nil),
	})

	// Described only now: told of a body before, huma would read it.
	api.OpenAPI().Paths[invitations].Post.RequestBody = postBody
	// huma describes its own form of errors too, which nobody ever gets.
	delete(config.Components.Schemas.Map(), "ErrorModel")
	delete(config.Components.Schemas.Map(), "ErrorDetail")
	return api.OpenAPI()
}

// add registers an operation whose errors are turned into our answers.
func add[I, O any](h API, api huma.API, run func(context.Context, *I) (*O, error), op huma.Operation) {
	op.SkipValidateParams = true
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := run(ctx, in)
		if err != nil {
			return nil, refuse(ctx, h.Log, err)
		}
		return out, nil
	})
}

// describe serves the description as it is when the app starts.
func describe(doc *huma.OpenAPI) fiber.Handler {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // a bug in the operations above
	}
	text = append(text, '\n')
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/openapi+json")
		return c.Send(text)
	}
}

func jsonOf(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{fiber.MIMEApplicationJSON: {Schema: s}}
}

func responses(problems *huma.Schema, refusals []int, answers map[int]*huma.Response) map[string]*huma.Response {
	out := map[string]*huma.Response{}
	for status, r := range answers {
		out[strconv.Itoa(status)] = r
	}
	for _, status := range refusals {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problems}},
		}
	}
	return out
}

// budgetHeaders are on every answer to a POST whose key was accepted.
func budgetHeaders() map[string]*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	return map[string]*huma.Param{
		"RateLimit-Policy": {Schema: text, Description: "q: the hourly cap.", Example: `"invitations";q=100;w=3600`},
		"RateLimit":        {Schema: text, Description: "r: calls that would be admitted now; t: seconds until the next place frees, 0 if none is taken.", Example: `"invitations";r=99;t=3600`},
	}
}

var postHeaders = []*huma.Param{
	{Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(maxKey)},
		Description: "The same key with the same body gets the same answer for 24 hours; with another body 422."},
	{Name: "Prefer", In: "header", Schema: &huma.Schema{Type: huma.TypeString}, Example: "respond-async",
		Description: "respond-async: the mail may wait for the vendor's delay and hours (202). return=representation: the answer holds the whole invitation."},
}

var postBody = &huma.RequestBody{
	Required: true,
	Content: map[string]*huma.MediaType{fiber.MIMEApplicationJSON: {
		Example: map[string]any{"email": "customer@example.com", "name": "John Doe", "order_ref": "ORD-12345"},
		Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"email", "name"}, AdditionalProperties: true,
			Description: "Unknown members are ignored. Any Content-Type is read as JSON.",
			Properties: map[string]*huma.Schema{
				"email":      {Type: huma.TypeString, Format: "email", MaxLength: new(254), Description: "The customer's email address.", Examples: []any{"customer@example.com"}},
				"name":       {Type: huma.TypeString, MinLength: new(1), MaxLength: new(maxName), Description: "The customer's name, used to personalize the invitation email.", Examples: []any{"John Doe"}},
				"order_ref":  {OneOf: []*huma.Schema{{Type: huma.TypeString, MaxLength: new(maxOrderRef), Nullable: true}, {Type: huma.TypeNumber}}, Description: "An order reference ID from your system. Prevents duplicate invitations. A number is its decimal text.", Examples: []any{"ORD-12345"}},
				"send_at":    {Type: huma.TypeString, Format: "date-time", Nullable: true, Description: "When the mail is wanted, in place of the vendor's delay. Answered 202.", Examples: []any{"2026-11-22T09:00:00Z"}},
				"delay_days": {Type: huma.TypeInteger, Nullable: true, Minimum: new(0.0), Maximum: new(365.0), Description: "Days from now until the mail is wanted. Answered 202.", Examples: []any{7}},
				"lane":       {Type: huma.TypeString, Nullable: true, Enum: []any{"orders", "bulk", nil}, Description: "bulk gives way to everything else. Answered 202.", Examples: []any{"bulk"}},
			},
		},
	}},
}
