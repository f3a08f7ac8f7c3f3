package proof

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/simtest"
	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// flags are those of the command.
type flags struct {
	Options
	seed     uint64
	seeds    int
	forTime  time.Duration
	store    string
	faults   string
	lines    []string
	verbose  bool
	all      bool
	playOn   bool
	output   string
	parallel int
	files    []string
	watch    bool
	shrink   bool

	given    func(flag string) bool // on the command line
	stopped  func() bool            // by a signal
	progress io.Writer
}

// errViolated ends the command with status 1: a property did not hold.
var errViolated = errors.New("a property did not hold")

// Main is the command proof. It returns the exit status: 0, 1 when a property did not hold, 2 for a mistake of the caller.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	collectSeldom()
	cmd := newCommand(ctx)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	switch err := cmd.Execute(); {
	case err == nil:
		return 0
	case errors.Is(err, errViolated):
		return 1
	default:
		fmt.Fprintln(stderr, "proof:", err)
		return 2
	}
}

// collectSeldom lets garbage grow to four times of what is in use, unless the caller says otherwise with GOGC: a world is small, and makes
// much garbage.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

func newCommand(ctx context.Context) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "proof",
		Short: "Play worlds from seeds against the guard and check its properties after every event",
		Long: `proof plays whole worlds in virtual time: the real engine, guard and store against the simulator of EMR, with everything that goes wrong
drawn from a seed. The same seed gives the same transcript, byte for byte. docs/proof.md says what is simulated, what is assumed and which
properties are checked.

A run in which a property does not hold prints the seed, the property, the last events and the command that plays it again. --shrink reduces it to
the shortest script that still shows it; kept in internal/simtest/testdata, it is played by the tests from then on.`,
		Example: `  proof                                     one seed at random
  proof --seed 17 -v                        the transcript of one run
  proof --seeds 200                         200 seeds from a random one on
  proof --seed 1 --for 3m --clusters 1      as many seeds as go into three minutes
  proof --seed 17 --shrink                  the shortest script that violates the same property
  proof --file regression.txt -v            a script from a file
  proof --file r07_unknown.txt --watch      a rule's transcript, judged as a seed is
  proof --seed 3 --fault "AddInstanceGroups call=2 lose-answer"`,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr()) },
	}
	fs := cmd.Flags()
	f.given = fs.Changed
	fs.Uint64Var(&f.seed, "seed", 0, "the first seed; 0 draws one and prints it")
	fs.IntVar(&f.seeds, "seeds", 1, "how many seeds to play, one after the other from --seed on")
	fs.DurationVar(&f.forTime, "for", 0, "play seeds until so much real time has passed, instead of --seeds")
	fs.DurationVar(&f.Duration, "duration", 0, "virtual time in which things go wrong, before the quiet at the end (default: the seed draws 4h to two weeks)")
	fs.StringVar(&f.faults, "faults", "", "how much goes wrong with calls, the store and the processes: none, few or many (default: the seed draws it)")
	fs.StringArrayVar(&f.lines, "fault", nil, "one more fault of a call, in the fault language of docs/proof.md; may be repeated")
	fs.IntVar(&f.Clusters, "clusters", 0, "clusters at the start (default: the seed draws 1 to 50)")
	fs.StringVar(&f.store, "store", "memory", "where the guard keeps its state: memory or sqlite (in a file that is deleted afterwards)")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "print the transcript: what was done, and what was recorded and sent")
	fs.BoolVar(&f.all, "all", false, "go on after a seed that violates a property")
	fs.BoolVar(&f.playOn, "play-on", false, "play a run to its end even if it violates a property")
	fs.BoolVar(&f.shrink, "shrink", false, "reduce the first run that violates a property to the shortest script that does, and print it")
	fs.StringArrayVar(&f.files, "file", nil, "play this script instead of a seed; may be repeated")
	fs.BoolVar(&f.watch, "watch", false, "with --file: let the oracle watch each world of the script, and let it come to rest at its end, as for a seed")
	fs.StringVarP(&f.output, "output", "o", "text", "text, or json: one object for each run")
	fs.IntVar(&f.parallel, "parallel", 0, "runs at a time (default: one for each CPU)")
	return cmd
}

// check says everything that is wrong with the flags.
func (f *flags) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.faults != "" && !slices.Contains(Levels, Level(f.faults)) {
		bad("--faults %s: there are none, few and many", f.faults)
	}
	if f.store != "memory" && f.store != "sqlite" {
		bad("--store %s: there are memory and sqlite", f.store)
	}
	if f.output != "text" && f.output != "json" {
		bad("--output %s: there are text and json", f.output)
	}
	if f.seeds < 1 {
		bad("--seeds %d: at least 1", f.seeds)
	}
	if f.Clusters < 0 || f.Clusters > 500 {
		bad("--clusters %d: 1 to 500, or 0 for the seed's own number", f.Clusters)
	}
	if f.Duration < 0 || f.forTime < 0 || f.parallel < 0 {
		bad("--duration, --for and --parallel are not negative")
	}
	for _, line := range f.lines {
		if _, err := simtest.ParseFault(line); err != nil {
			bad("--fault %q: %w", line, err)
		}
	}
	if f.verbose && f.output == "json" {
		bad("-v prints text; leave out --output json")
	}
	if f.watch && len(f.files) == 0 {
		bad("--watch is for scripts of --file; the worlds of seeds are watched")
	}
	f.Faults = Level(f.faults)
	return errors.Join(append(errs, f.clashes()...)...)
}

// clashes are flags that make no sense together.
func (f *flags) clashes() []error {
	var errs []error
	if len(f.files) > 0 {
		for _, flag := range []string{"seed", "seeds", "for", "duration", "clusters", "faults", "fault", "all"} {
			if f.given(flag) {
				errs = append(errs, fmt.Errorf("--%s is for seeds, and --file plays a script; leave one of them out", flag))
			}
		}
	}
	if f.verbose && !f.single() {
		errs = append(errs, errors.New("-v prints the transcript of one run; leave out --seeds and --for"))
	}
	if f.shrink && f.output == "json" {
		errs = append(errs, errors.New("--shrink prints text; leave out --output json"))
	}
	return errs
}

// single says whether one seed is played, or files.
func (f *flags) single() bool { return f.seeds == 1 && f.forTime == 0 }

// outcome is a run and its result.
type outcome struct {
	seed   uint64
	script []simtest.Command
	res    Result
	err    error
}

// bad says whether a run violated a property, or did not come to its end.
func (o outcome) bad() bool { return o.err != nil || len(o.res.Violations) > 0 }

// what is what was played, for people.
func (o outcome) what() string {
	if o.seed == 0 {
		return "the script"
	}
	return fmt.Sprintf("seed %d", o.seed)
}

func (f *flags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	f.progress, f.stopped = stderr, func() bool { return ctx.Err() != nil }
	out := bufio.NewWriter(stdout)
	defer func() { _ = out.Flush() }() // a broken pipe ends the program anyway
	if len(f.files) > 0 {
		return f.scripts(ctx, out)
	}
	if f.seed == 0 {
		f.seed = 1 + rand.Uint64N(1<<31)
	}
	if f.single() {
		return f.report(out, f.one(ctx, out, f.seed, f.draw(f.seed)))
	}
	return f.many(ctx, out)
}

// scripts plays the scripts of files, one after the other.
func (f *flags) scripts(ctx context.Context, out *bufio.Writer) error {
	var errs []error
	for _, name := range f.files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		script, err := simtest.ParseScript(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if f.watch {
			script = Watched(script)
		}
		if f.output == "text" && len(f.files) > 1 {
			fmt.Fprintf(out, "%s: ", name)
		}
		if err := f.report(out, f.one(ctx, out, 0, script)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		_ = out.Flush() // as above
	}
	return errors.Join(errs...)
}

// draw is the script of a seed with the faults of the command line.
func (f *flags) draw(seed uint64) []simtest.Command {
	script := Draw(seed, f.Options)
	if len(f.lines) == 0 {
		return script
	}
	at := slices.IndexFunc(script, func(c simtest.Command) bool { return c.Name == "start" })
	return slices.Insert(script, at, simtest.Command{Name: "fault", Input: strings.Join(f.lines, "\n") + "\n"})
}

// one plays one script.
func (f *flags) one(ctx context.Context, out io.Writer, seed uint64, script []simtest.Command) outcome {
	p := Player{PlayOn: f.playOn}
	if f.verbose {
		p.Transcript = out
	}
	if f.store == "sqlite" {
		dir, err := os.MkdirTemp("", "proof-")
		if err != nil {
			return outcome{seed, script, Result{}, err}
		}
		var opened []store.Store
		p.Store = func(string) (store.Store, error) {
			s, err := sqlite.Open(ctx, filepath.Join(dir, fmt.Sprintf("%d.db", len(opened))), sqlite.Options{})
			if err == nil {
				opened = append(opened, s)
			}
			return s, err
		}
		defer func() {
			for _, s := range opened {
				_ = s.Close()
			}
			_ = os.RemoveAll(dir)
		}()
	}
	res, err := p.Play(script)
	res.Seed = seed
	return outcome{seed, script, res, err}
}

// many plays seeds in parallel. With JSON each is an object as soon as it is over; as text violations are told then, and reported in the end in the
// order of the seeds. After a violation no seed is begun, unless all are wanted.
func (f *flags) many(ctx context.Context, out *bufio.Writer) error {
	workers := f.parallel
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	begin := time.Now()
	if f.output == "text" {
		fmt.Fprintf(out, "seeds from %d on\n", f.seed)
		_ = out.Flush()
	}
	var next atomic.Uint64
	var stop atomic.Bool
	results := make(chan outcome)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for !stop.Load() && ctx.Err() == nil {
				n := next.Add(1) - 1
				if f.forTime > 0 && time.Since(begin) > f.forTime || f.forTime == 0 && n >= uint64(f.seeds) {
					return
				}
				o := f.one(ctx, io.Discard, f.seed+n, f.draw(f.seed+n))
				if o.bad() && !f.all {
					stop.Store(true)
				}
				results <- o
			}
		})
	}
	go func() { wg.Wait(); close(results) }()
	var sum summary
	var failed []outcome
	told := begin
	for o := range results {
		sum.add(o)
		if o.bad() { // told at once, whatever becomes of the other seeds
			failed = append(failed, o)
			fmt.Fprintf(f.progress, "proof: %s\n", f.first(o))
		}
		if f.output == "json" {
			f.json(out, o)
			_ = out.Flush()
		}
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			fmt.Fprintf(f.progress, "proof: %s\n", sum.text(time.Since(begin)))
		}
	}
	slices.SortFunc(failed, func(a, b outcome) int { return cmp.Compare(a.seed, b.seed) })
	var err error
	for _, o := range failed {
		if e := f.report(out, o); err == nil || !errors.Is(e, errViolated) { // a seed whose script cannot be played says more
			err = e
		}
	}
	if f.output == "text" {
		fmt.Fprintf(out, "%s\n", sum.text(time.Since(begin)))
	}
	return errors.Join(err, ctx.Err())
}

// summary adds up runs.
type summary struct {
	runs, failed, recoveries int
	virtual                  time.Duration
}

func (s *summary) add(o outcome) {
	s.runs++
	s.recoveries += o.res.Recoveries()
	s.virtual += o.res.Virtual
	if o.bad() {
		s.failed++
	}
}

// year is 365 days.
const year = 365 * 24 * time.Hour

func (s *summary) text(took time.Duration) string {
	return fmt.Sprintf("%d seeds, %d with a violation; %d recoveries in %.1f simulated years, %.0f recoveries a minute; %s", s.runs, s.failed, s.recoveries,
		s.virtual.Hours()/year.Hours(), float64(s.recoveries)/took.Minutes(), took.Round(100*time.Millisecond))
}

func (f *flags) json(out io.Writer, o outcome) {
	type line struct {
		Result
		Error string `json:"error,omitempty"`
	}
	l := line{Result: o.res}
	if o.err != nil {
		l.Error = o.err.Error()
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic(fmt.Sprintf("proof: a result cannot be written: %v", err))
	}
	fmt.Fprintf(out, "%s\n", text)
}

// first is what was wrong first with a run, in a line.
func (f *flags) first(o outcome) string {
	if o.err != nil {
		text, _, _ := strings.Cut(o.err.Error(), "\n")
		return o.what() + ": " + text
	}
	v := o.res.Violations[0]
	return fmt.Sprintf("%s violates %s; play it again: go run ./cmd/proof %s", o.what(), v.Property, f.again(o.seed))
}

// report tells what became of a run, and with a violation all that is needed to find its cause.
func (f *flags) report(out *bufio.Writer, o outcome) error {
	if f.output == "json" && f.single() {
		f.json(out, o)
	}
	switch {
	case o.err != nil && !errors.Is(o.err, ErrPanic):
		if o.seed == 0 {
			return o.err
		}
		return fmt.Errorf("%s: %w", o.what(), o.err)
	case f.output == "json" && o.bad():
		return errViolated
	case f.output == "json" || !o.bad() && !f.single():
		return nil
	case !slices.ContainsFunc(o.script, func(c simtest.Command) bool { return c.Name == "watch" }):
		fmt.Fprintf(out, "%s was played, and nothing was checked: it has no command watch\n", o.what())
		if o.err == nil {
			return nil
		}
	case !o.bad():
		fmt.Fprintf(out, "%s: every property holds: %d clusters, %s, %d recoveries\n", o.what(), o.res.Clusters, o.res.Virtual, o.res.Recoveries())
		return nil
	}
	fmt.Fprintf(out, "%s violates:\n", o.what())
	if o.err != nil {
		fmt.Fprintf(out, "  %v\n", o.err)
	}
	for i, v := range o.res.Violations {
		if i == 10 {
			fmt.Fprintf(out, "  and %d more\n", len(o.res.Violations)-i)
			break
		}
		fmt.Fprintf(out, "  %s %s: %s\n", v.At.UTC().Format("2006-01-02 15:04:05"), v.Property, v.Text)
	}
	if !f.verbose {
		fmt.Fprintf(out, "the last events:\n%s", lastEvents(o.script, 40))
	}
	if o.seed != 0 {
		fmt.Fprintf(out, "play it again: go run ./cmd/proof %s\n", f.again(o.seed))
	}
	if f.shrink {
		_ = out.Flush() // what follows may take minutes
		small, tries := Shrink(o.script[:min(len(o.script), o.res.Commands+1)], f.told(violates(o.res)))
		fmt.Fprintf(out, "# reduced from %d commands to %d in %d runs\n", len(o.script), len(small), tries)
		_, _ = Player{Transcript: out}.Play(small)
	}
	return errViolated
}

// told lets a test of scripts tell every five seconds how far the reduction is, and end it at a signal, with what was reached by then.
func (f *flags) told(fails func([]simtest.Command) bool) func([]simtest.Command) bool {
	tries, small, told := 0, 0, time.Now()
	return func(script []simtest.Command) bool {
		failed := !f.stopped() && fails(script)
		if tries++; failed {
			small = len(script)
		}
		if time.Since(told) > 5*time.Second && small > 0 {
			told = time.Now()
			fmt.Fprintf(f.progress, "proof: reduced to %d commands after %d runs of at most %d\n", small, tries, patience)
		}
		return failed
	}
}

// again are the arguments that play the seed again.
func (f *flags) again(seed uint64) string {
	words := []string{fmt.Sprintf("--seed %d", seed)}
	if f.Duration > 0 {
		words = append(words, fmt.Sprintf("--duration %s", f.Duration))
	}
	if f.Clusters > 0 {
		words = append(words, fmt.Sprintf("--clusters %d", f.Clusters))
	}
	if f.faults != "" {
		words = append(words, "--faults "+f.faults)
	}
	for _, l := range f.lines {
		words = append(words, fmt.Sprintf("--fault %q", l))
	}
	if f.store != "memory" {
		words = append(words, "--store "+f.store)
	}
	return strings.Join(append(words, "-v"), " ")
}

// lastEvents are the last lines of a script's transcript up to its violation.
func lastEvents(script []simtest.Command, n int) string {
	var b strings.Builder
	_, _ = Player{Transcript: &b}.Play(script)
	lines := strings.SplitAfter(strings.TrimRight(b.String(), "\n"), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-n):], "  ") + "\n"
}
