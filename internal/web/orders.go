package web

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
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
	"emrguard/internal/view"
)

// orderPatience is how long an order waits for its answer before the receipt says that it waits.
const orderPatience = 10 * time.Second

// orderBody is an order as people and programs write it.
type orderBody struct {
	Kind    string `json:"kind" enum:"ban,unban,pause,resume,scale,return,adopt" doc:"what to do"`
	Scope   string `json:"scope,omitempty" maxLength:"64" doc:"name of the scope; needed to pause or resume a whole scope, else only where names are in several"`
	Cluster string `json:"cluster,omitempty" maxLength:"300" doc:"id or name of the cluster: pause, resume, adopt. Absent with pause and resume: the whole scope"`
	Group   string `json:"group,omitempty" maxLength:"300" doc:"ban and unban: the group, by id, name or CLUSTER/GROUP; scale and return: the pool, likewise"`
	For     string `json:"for,omitempty" maxLength:"20" doc:"ban: how long, as in 90m or 2h; 1m to 720h"`
	To      *int   `json:"to,omitempty" minimum:"0" maximum:"2000" doc:"scale: instances the pool is to want"`
	Force   bool   `json:"force,omitempty" doc:"scale and return: in spite of a suspension"`
	Reason  string `json:"reason,omitempty" maxLength:"1000" doc:"why, for the history"`
}

type (
	orderInput struct {
		Strict
		Key  string `header:"Idempotency-Key" maxLength:"200" doc:"a text of your choice, new for each order: a request that is sent again with the same one is not carried out again, and gets the same answer"`
		Body orderBody
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
		Status int
		Body   desk.Receipt
	}
	previewOutput struct{ Body desk.Preview }
	answerOutput  struct{ Body answer }
)

// answer is what became of an order that was given before.
type answer struct {
	Order string    `json:"order" doc:"id of the order"`
	State string    `json:"state" doc:"done or refused"`
	Text  string    `json:"text" doc:"what was done, or the reason of the refusal"`
	At    time.Time `json:"at" doc:"when it was answered"`
}

// routeOrders adds what changes something.
func (s *Server) routeOrders(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "order", MaxBodyBytes: maxBody, Method: http.MethodPost, Path: apiPath + "/orders", Summary: "Give an order to whoever guards the scope, and wait up to ten seconds for the answer", Tags: []string{"change"},
		Description:   "200: carried out. 202: it waits in the store's inbox, and is carried out as soon as an emrguard that holds the scope looks. 409: the guard refused it, with the reason.",
		DefaultStatus: http.StatusOK,
		Errors:        []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, s.apiOrder)
	huma.Register(api, huma.Operation{
		OperationID: "previewOrder", MaxBodyBytes: maxBody, Method: http.MethodPost, Path: apiPath + "/orders/preview", Summary: "Say what an order would lead to, and change nothing", Tags: []string{"read"},
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, s.apiPreview)
	huma.Register(api, huma.Operation{
		OperationID: "orderAnswer", Method: http.MethodGet, Path: apiPath + "/orders/{order}", Summary: "The answer to an order; 404 while there is none", Tags: []string{"read"},
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, s.apiAnswer)
}

func (s *Server) apiOrder(ctx context.Context, in *orderInput) (*receiptOutput, error) {
	receipt, err := s.order(ctx, in.Key, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	switch receipt.State {
	case desk.Refused:
		return nil, huma.Error409Conflict(receipt.Text)
	case desk.Waiting:
		return &receiptOutput{http.StatusAccepted, receipt}, nil
	}
	return &receiptOutput{http.StatusOK, receipt}, nil
}

func (s *Server) apiPreview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	p, err := s.preview(ctx, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	return &previewOutput{p}, nil
}

func (s *Server) apiAnswer(ctx context.Context, in *answerInput) (*answerOutput, error) {
	a, err := s.o.Desk().Store.Answered(ctx, in.Order)
	if errors.Is(err, store.ErrNotFound) {
		if _, err := s.o.Desk().Store.Submitted(ctx, in.Order); errors.Is(err, store.ErrNotFound) {
			return nil, huma.Error404NotFound(fmt.Sprintf("there is no order %s", in.Order))
		} else if err != nil {
			return nil, problem(err)
		}
		return nil, huma.Error404NotFound(fmt.Sprintf("order %s has no answer yet: it waits in the store for an emrguard that holds its scope", in.Order))
	}
	if err != nil {
		return nil, problem(err)
	}
	state := desk.Done
	if a.Refused {
		state = desk.Refused
	}
	return &answerOutput{answer{a.ID, state, a.Text, a.At}}, nil
}

// preview says what an order would lead to.
func (s *Server) preview(ctx context.Context, body orderBody) (desk.Preview, error) {
	return s.previewAt(ctx, body, time.Time{})
}

// previewAt is the preview that the present state would have had at a time; zero: now.
func (s *Server) previewAt(ctx context.Context, body orderBody, at time.Time) (desk.Preview, error) {
	snapshot, err := s.fleet.now(ctx)
	if err != nil {
		return desk.Preview{}, err
	}
	now := *snapshot
	if !at.IsZero() {
		now.World.Now = at
	}
	to, order, err := body.resolve(ctx, &now)
	if err != nil {
		return desk.Preview{}, err
	}
	return now.desk.Preview(now.World, to, order)
}

// toldAs stands for what a person was told at a time that an order leads to.
func toldAs(at time.Time, p desk.Preview) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%t %s", p.Refused, p.Text))
	return fmt.Sprintf("%d-%s", at.UnixNano(), hex.EncodeToString(sum[:8]))
}

// stillSo says whether an order leads to what a person was told, by the state as it is now. The time is that of the question: that it goes on
// changes the ends of bans, and nothing that matters. An order that was given before is not asked about again.
func (s *Server) stillSo(ctx context.Context, was, key string, body orderBody) (bool, error) {
	if _, err := s.o.Desk().Store.Submitted(ctx, keyed(key)); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err == nil, err
	}
	nanos, _, _ := strings.Cut(was, "-")
	n, _ := strconv.ParseInt(nanos, 10, 64) // anything but a number is a time at which nothing of this was told
	at := time.Unix(0, n).UTC()
	s.fleet.look()
	p, err := s.previewAt(ctx, body, at)
	return err == nil && toldAs(at, p) == was, err
}

// order hands an order in. With a key that was used before, the first order's answer is given again.
func (s *Server) order(ctx context.Context, key string, body orderBody) (desk.Receipt, error) {
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

// sum stands for an order as it was asked for: it is the same for the same order, however its request was written.
func (b orderBody) sum() string {
	raw, err := json.Marshal(b)
	if err != nil {
		panic(err) // texts, numbers and truth values
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// resolve finds what an order names.
func (b orderBody) resolve(ctx context.Context, now *snapshot) (desk.Target, guard.Order, error) {
	order := guard.Order{Kind: guard.OrderKind(b.Kind), Force: b.Force, Reason: b.Reason, Author: who(ctx).Name}
	fail := func(format string, args ...any) (desk.Target, guard.Order, error) {
		return desk.Target{}, order, &desk.RequestError{Err: fmt.Errorf(format, args...)}
	}
	var errs []error
	if b.For != "" {
		length, err := time.ParseDuration(b.For)
		if err != nil {
			errs = append(errs, fmt.Errorf("for: %q is no length of time; write 90m or 2h", b.For))
		}
		order.For = guard.Length(length)
	}
	if order.Kind == guard.OrderBan && b.For == "" {
		errs = append(errs, errors.New("ban needs for, how long it lasts, as in 90m or 2h"))
	}
	if order.Kind == guard.OrderScale && b.To == nil {
		errs = append(errs, errors.New("scale needs to, the number of instances that the pool is to want"))
	}
	if b.To != nil {
		order.To = *b.To
	}
	if err := errors.Join(errs...); err != nil {
		return fail("%w", err)
	}
	w, _, err := Which{Scope: b.Scope}.world(now)
	if err != nil {
		return desk.Target{}, order, err
	}
	if b.Cluster != "" {
		found, err := w.FindCluster(b.Cluster)
		if err != nil {
			return fail("%w", err)
		}
		w = w.Only(found)
	}
	var found view.Found
	switch order.Kind {
	case guard.OrderBan, guard.OrderUnban, guard.OrderScale, guard.OrderReturn:
		if b.Group == "" {
			return fail("%s needs group: a group or pool by its id, its name or as CLUSTER/NAME", b.Kind)
		}
		found, err = w.FindGroup(b.Group)
		if order.Kind == guard.OrderScale || order.Kind == guard.OrderReturn {
			if pool, poolErr := w.FindPool(b.Group); poolErr == nil || err != nil {
				found, err = pool, poolErr
			}
		}
		if err != nil {
			return fail("%w", err)
		}
		order.Group = found.Group
	default:
		if b.Cluster == "" && (order.Kind == guard.OrderAdopt || b.Scope == "") {
			return fail("%s needs cluster, or to pause or resume a whole scope, scope", b.Kind)
		}
		found.Scope = b.Scope
		if b.Cluster != "" {
			if found, err = w.FindCluster(b.Cluster); err != nil {
				return fail("%w", err)
			}
		}
	}
	return desk.Target{Scope: found.Scope, Cluster: found.Cluster}, order, nil
}

// words is an order in a few words, for the question whether to give it.
func (b orderBody) words() string {
	target := b.Group
	if target == "" {
		target = b.Cluster
	}
	if target == "" {
		target = "all clusters of scope " + b.Scope
	}
	return strings.TrimSpace(b.Kind + " " + target)
}
