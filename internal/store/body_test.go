package store_test

import (
	"encoding/json"
	"testing"

	"emrguard/internal/store"
)

func TestEncodeWritesWhatMarshalWrites(t *testing.T) {
	for _, v := range []any{nil, 1, "ü <a&b> \u2028 \xff\n", []int{}, map[string]any{"b": nil, "a": []string{"x"}}, json.RawMessage(` { "a" : 1 } `)} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.Encode(v)
		if err != nil || got.String() != string(want) || !got.Equal(store.Text(string(want))) {
			t.Errorf("%#v is written as %q, %v; want %q", v, got, err, want)
		}
	}
	for _, v := range []any{make(chan int), json.RawMessage("{")} {
		if got, err := store.Encode(v); err == nil || got != (store.Body{}) {
			t.Errorf("%#v is written as %q, %v", v, got, err)
		}
	}
}

func TestOnlyJSONIsValid(t *testing.T) {
	encoded, err := store.Encode(map[string]int{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		body  store.Body
		valid bool
	}{{encoded, true}, {store.Text(encoded.String()), true}, {store.Text(`"\xff"`), false}, {store.Text("\"\xff\""), true}, {store.Text("{"), false}, {store.Text("1 2"), false}, {store.Body{}, false}} {
		s := store.Save{Lease: store.Lease{Scope: "prod"}, Docs: []store.Document{{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Body: x.body}}}
		if err := s.Validate(); (err == nil) != x.valid {
			t.Errorf("%q: %v", x.body, err)
		}
	}
}
