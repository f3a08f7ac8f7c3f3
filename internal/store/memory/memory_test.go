package memory_test

import (
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memory.New("abcdefg2") })
}

func TestReopenKeepsTheData(t *testing.T) {
	s := memory.New("abcdefg2")
	if err := s.Submit(t.Context(), store.Order{ID: "o", Scope: "prod", Body: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Orders(t.Context(), "prod"); err == nil {
		t.Fatal("a closed handle reads")
	}
	orders, err := s.Reopen().Orders(t.Context(), "prod")
	if err != nil || len(orders) != 1 {
		t.Fatalf("reopened: %v, %v", orders, err)
	}
}
