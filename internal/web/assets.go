package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"time"
)

//go:embed assets/*
var assetFiles embed.FS

// asset is one file that pages are made of.
type asset struct {
	data []byte
	hash string // of data: another content has another URL
}

// assets are the files by their names. They come with the binary.
var assets = hashed()

func hashed() map[string]asset {
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // they are part of the binary
	}
	out := map[string]asset{}
	for _, f := range files {
		data, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			panic(err)
		}
		out[f.Name()] = newAsset(data)
	}
	for n := 1; n <= stuckMost+1; n++ {
		out[fmt.Sprintf("stuck-%d.svg", n)] = newAsset(stuckIcon(n))
	}
	return out
}

func newAsset(data []byte) asset {
	sum := sha256.Sum256(data)
	return asset{data, hex.EncodeToString(sum[:8])}
}

// assetURL is where an asset lies: /assets/HASH/NAME.
func assetURL(name string) string { return "/assets/" + assets[name].hash + "/" + name }

// stuckMost is the largest number that an icon shows; more are shown as so many and a plus.
const stuckMost = 99

// iconURL is where the icon for so many stuck clusters lies.
func iconURL(stuck int) string {
	if stuck == 0 {
		return assetURL("icon.svg")
	}
	return assetURL(fmt.Sprintf("stuck-%d.svg", min(stuck, stuckMost+1)))
}

// stuckIcon is an icon that shows a number.
func stuckIcon(n int) []byte {
	text, size := strconv.Itoa(n), 17
	if n > stuckMost {
		text, size = strconv.Itoa(stuckMost)+"+", 13
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 1 3 6v9c0 8 5 14 13 16 8-2 13-8 13-16V6Z" fill="#b3201f"/>`+
		`<text x="16" y="22" font-family="sans-serif" font-weight="700" font-size="%d" text-anchor="middle" fill="#fff">%s</text></svg>`+"\n", size, text)
}

// assetKinds are the content types of assets by their endings. The machine's own table of them may be another.
var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// routeAssets serves the assets. Under its own hash one never changes, so a browser keeps it for good. Under another one, which the page of another
// replica may name while a new version is rolled out, it is served all the same, but not to be kept.
func (s *Server) routeAssets(mux *http.ServeMux) {
	mux.HandleFunc("GET /assets/{hash}/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		a, ok := assets[name]
		if !ok {
			s.refuse(w, r, http.StatusNotFound, "there is no asset "+name)
			return
		}
		h := w.Header()
		h.Set("Content-Type", assetKinds[path.Ext(name)])
		h.Set("ETag", `"`+a.hash+`"`)
		h.Set("Cache-Control", "no-cache")
		if r.PathValue("hash") == a.hash {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.data))
	})
}
