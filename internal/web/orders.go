package web

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/desk"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// orderPatience is how long an order waits for its answer before the receipt says that it waits.
const orderPatience = 10 * time.Second

type (
	orderInput struct {
		Strict
		Key     string `header:"Idempotency-Key" maxLength:"200" doc:"a text of your choice, new for each order: a request that is sent again with the same one is not carried out again, and gets the same answer. Needed with by"`
		IfMatch string `header:"If-Match" maxLength:"1000" doc:"the ETag of the order's preview: 412, and nothing is done, if something else would happen by now than the preview said"`
		Body    orderBody
	}
	previewInput struct {
		Strict
		Body orderBody
	}
	answerInput struct {
		Strict
		Order string `path:"order" maxLength:"64" doc:"id of the order"`
	}
	receiptOutput struct {
		Status     int
		Location   string `header:"Location" doc:"of an order that waits: where its answer will be"`
		RetryAfter string `header:"Retry-After" doc:"of an order that waits: in how many seconds to ask for the answer"`
		Body       desk.Receipt
	}
	previewOutput struct {
		ETag string `header:"ETag" doc:"stands for what is told; give it as If-Match with the order"`
		Body desk.Preview
	}
	answerOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         answer
	}
)

// answer is what became of an order that was given before.
type answer struct {
	Order string    `json:"order" doc:"id of the order"`
	State string    `json:"state" doc:"done; refused; or waiting: nobody has answered it yet"`
	Text  string    `json:"text" doc:"what was done, the reason of the refusal, or for whom it waits"`
	At    time.Time `json:"at,omitzero" doc:"when it was answered; absent while it waits"`
}

// routeOrders adds what changes something.
func (s *Server) routeOrders(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "order", MaxBodyBytes: maxBody, Method: http.MethodPost, Path: apiPath + "/orders", Summary: "Give an order to whoever guards the scope, and wait up to ten seconds for the answer", Tags: []string{"change"},
		Description:   "200: carried out. 202: it waits in the store's inbox, and is carried out as soon as an emrguard that holds the scope looks. 409: the guard refused it, with the reason. 412: with If-Match, something else would happen than its preview said.",
		DefaultStatus: http.StatusOK,
		Errors:        append([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}, turnedAwayChange...),
	}, s.apiOrder)
	given := api.OpenAPI().Paths[apiPath+"/orders"].Post.Responses
	given["202"] = &huma.Response{Description: "Accepted: it waits, and Location says where its answer will be", Headers: given["200"].Headers, Content: given["200"].Content}
	huma.Register(api, huma.Operation{
		OperationID: "previewOrder", MaxBodyBytes: maxBody, Method: http.MethodPost, Path: apiPath + "/orders/preview", Summary: "Say what an order would lead to, and change nothing", Tags: []string{"read"},
		Errors: append([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity}, turnedAwayChange...),
	}, s.apiPreview)
	huma.Register(api, huma.Operation{
		OperationID: "orderAnswer", Method: http.MethodGet, Path: apiPath + "/orders/{order}", Summary: "What became of an order: it waits, was done or was refused; 404 if there is none of this id", Tags: []string{"read"},
		Errors: append([]int{http.StatusNotFound}, turnedAway...),
	}, s.apiAnswer)
}

func (s *Server) apiOrder(ctx context.Context, in *orderInput) (*receiptOutput, error) {
	if in.Body.Kind == string(guard.OrderScale) && in.Body.By != nil && in.Key == "" {
		return nil, huma.Error422UnprocessableEntity("by needs the header Idempotency-Key: sent again without one, the order would be carried out twice")
	}
	if in.IfMatch != "" {
		if same, err := s.matches(ctx, in.IfMatch, in.Key, in.Body); err != nil {
			return nil, problem(err)
		} else if !same {
			return nil, huma.Error412PreconditionFailed("something else would happen by now than If-Match stands for, so nothing was done; ask /orders/preview again, and give the ETag of its answer")
		}
	}
	receipt, err := s.order(ctx, in.Key, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	switch receipt.State {
	case desk.Refused:
		return nil, huma.Error409Conflict(receipt.Text)
	case desk.Waiting:
		return &receiptOutput{http.StatusAccepted, apiPath + "/orders/" + receipt.Order, "1", receipt}, nil
	}
	return &receiptOutput{Status: http.StatusOK, Body: receipt}, nil
}

// matches says whether an order leads to what one of the entity tags of an If-Match stands for. A weak tag, as the answers that tell the state have,
// never matches (RFC 9110, 13.1.1); "*" always does.
func (s *Server) matches(ctx context.Context, tags, key string, body orderBody) (bool, error) {
	for tag := range strings.SplitSeq(tags, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return true, nil
		}
		if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
			continue
		}
		if same, err := s.stillSo(ctx, tag[1:len(tag)-1], key, body); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func (s *Server) apiPreview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	now, err := s.fleet.now(ctx)
	if err != nil {
		return nil, problem(err)
	}
	p, err := previewOf(ctx, now, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	return &previewOutput{`"` + toldAs(now.Now, p) + `"`, p}, nil
}

func (s *Server) apiAnswer(ctx context.Context, in *answerInput) (*answerOutput, error) {
	given := s.o.Desk().Store
	a, err := given.Answered(ctx, in.Order)
	switch {
	case err == nil && a.Refused:
		return &answerOutput{"no-store", answer{a.ID, desk.Refused, a.Text, a.At}}, nil
	case err == nil:
		return &answerOutput{"no-store", answer{a.ID, desk.Done, a.Text, a.At}}, nil
	case !errors.Is(err, store.ErrNotFound):
		return nil, problem(err)
	}
	switch o, err := given.Submitted(ctx, in.Order); {
	case errors.Is(err, store.ErrNotFound):
		return nil, huma.Error404NotFound(fmt.Sprintf("there is no order %s", in.Order))
	case err != nil:
		return nil, problem(err)
	default:
		return &answerOutput{"no-store", answer{Order: o.ID, State: desk.Waiting, Text: fmt.Sprintf("order %s has no answer yet: it waits in the store for an emrguard that holds scope %s", o.ID, o.Scope)}}, nil
	}
}

// previewOf says what an order would lead to by a state and at its time.
func previewOf(ctx context.Context, now *snapshot, body orderBody) (desk.Preview, error) {
	to, order, err := body.resolve(ctx, now)
	if err != nil {
		return desk.Preview{}, err
	}
	return now.desk.Preview(now.World, to, order)
}

// toldAs stands for what a person was told at a time that an order leads to.
func toldAs(at time.Time, p desk.Preview) string {
	told := fmt.Appendf(nil, "%t %q %q %q", p.Refused, p.Command, p.Text, p.Ends)
	for _, step := range p.Steps {
		told = fmt.Appendf(told, " %q %d %d", step.Group, step.From, step.To)
	}
	sum := sha256.Sum256(told)
	return fmt.Sprintf("%d-%s", at.UnixNano(), hex.EncodeToString(sum[:8]))
}

// stillSo says whether an order leads to what a person was told, by the state as it is now. The time is that of the question: that it goes on
// changes the ends of bans, and nothing that matters. An order that was given before is not asked about again.
func (s *Server) stillSo(ctx context.Context, was, key string, body orderBody) (bool, error) {
	if key != "" {
		if _, err := s.o.Desk().Store.Submitted(ctx, keyed(key)); err == nil || !errors.Is(err, store.ErrNotFound) {
			return err == nil, err
		}
	}
	nanos, _, _ := strings.Cut(was, "-")
	n, _ := strconv.ParseInt(nanos, 10, 64) // anything but a number is a time at which nothing of this was told
	at := time.Unix(0, n).UTC()
	s.fleet.look()
	present, err := s.fleet.now(ctx)
	if err != nil {
		return false, err
	}
	then := *present
	then.World.Now = at
	p, err := previewOf(ctx, &then, body)
	return err == nil && toldAs(at, p) == was, err
}

// order hands an order in. With a key that was used before, the first order's answer is given again.
func (s *Server) order(ctx context.Context, key string, body orderBody) (desk.Receipt, error) {
	if body.By != nil {
		s.fleet.look() // what the pool wants now
	}
	now, err := s.fleet.now(ctx)
	if err != nil {
		return desk.Receipt{}, err
	}
	errand := desk.Errand{ID: desk.NewOrderID(), Patience: orderPatience}
	again := func() (desk.Receipt, error) {
		r, err := now.desk.Repeated(ctx, errand.ID, errand.Request, orderPatience)
		if errors.Is(err, desk.ErrReused) {
			err = &desk.RequestError{Err: fmt.Errorf("Idempotency-Key: %w; choose a new one for each order", err)}
		}
		return r, err
	}
	if key != "" {
		errand.ID, errand.Request = keyed(key), body.sum()
		// Before names are looked up: they may name nothing any more.
		if r, err := again(); !errors.Is(err, store.ErrNotFound) {
			return r, err
		}
	}
	if errand.To, errand.Order, err = body.resolve(ctx, now); err != nil {
		return desk.Receipt{}, err
	}
	defer s.fleet.look()
	receipt, err := now.desk.Submit(ctx, errand)
	if errors.Is(err, store.ErrExists) { // the same request, at the same time
		return again()
	}
	return receipt, err
}

// keyed is the id of an order that a key stands for.
func keyed(key string) string {
	sum := sha256.Sum256([]byte("emrguard order\x00" + key))
	return "o-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
}
