package train

import (
	"errors"
	"math"
	"testing"
)

func TestDefaultSettings(t *testing.T) {
	s := DefaultSettings()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	// What the tutorial trains with.
	if s.Epochs != 5 || s.LR != 0.001 || s.Momentum != 0.9 || s.BatchSize != 4 || s.LossInterval != 2000 {
		t.Errorf("got %+v", s)
	}
	if got := s.SeedOf(7); got != 7 {
		t.Errorf("seed of run 7: got %d, want the run's", got)
	}
	s.Seed = 0
	if got := s.SeedOf(7); got != 0 {
		t.Errorf("seed 0 in run 7: got %d, want 0", got)
	}
}

func TestSettingsCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Settings)
		option string // "" means fine
	}{
		{"no epochs", func(s *Settings) { s.Epochs = 0 }, "epochs"},
		{"lr 0", func(s *Settings) { s.LR = 0 }, "lr"},
		{"lr negative", func(s *Settings) { s.LR = -0.1 }, "lr"},
		{"lr NaN", func(s *Settings) { s.LR = math.NaN() }, "lr"},
		{"lr infinite", func(s *Settings) { s.LR = math.Inf(1) }, "lr"},
		{"lr below float32", func(s *Settings) { s.LR = 1e-60 }, "lr"},
		{"momentum 1", func(s *Settings) { s.Momentum = 1 }, "momentum"},
		{"momentum that rounds to 1", func(s *Settings) { s.Momentum = 1 - 1e-12 }, "momentum"},
		{"momentum NaN", func(s *Settings) { s.Momentum = math.NaN() }, "momentum"},
		{"no momentum", func(s *Settings) { s.Momentum = 0 }, ""},
		{"empty batch", func(s *Settings) { s.BatchSize = 0 }, "batch_size"},
		{"weight decay negative", func(s *Settings) { s.WeightDecay = -1 }, "weight_decay"},
		{"schedule unknown", func(s *Settings) { s.Schedule = "linear" }, "schedule"},
		{"step without step_size", func(s *Settings) { s.Schedule = "step" }, "step_size"},
		{"step", func(s *Settings) { s.Schedule, s.StepSize = "step", 2 }, ""},
		{"step_size without step", func(s *Settings) { s.StepSize = 2 }, "step_size"},
		{"gamma 0", func(s *Settings) { s.Gamma = 0 }, "gamma"},
		{"cosine", func(s *Settings) { s.Schedule, s.MinLR = "cosine", 1e-5 }, ""},
		{"min_lr above lr", func(s *Settings) { s.Schedule, s.MinLR = "cosine", 1 }, "min_lr"},
		{"min_lr without cosine", func(s *Settings) { s.MinLR = 1e-5 }, "min_lr"},
		{"crop_padding negative", func(s *Settings) { s.CropPadding = -1 }, "crop_padding"},
		{"loss_interval 0", func(s *Settings) { s.LossInterval = 0 }, "loss_interval"},
		{"seed -2", func(s *Settings) { s.Seed = -2 }, "seed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := DefaultSettings()
			c.change(&s)
			err := s.Check()
			var p *Problem
			switch {
			case c.option == "" && err != nil:
				t.Errorf("got %v, want no problem", err)
			case c.option != "" && (!errors.As(err, &p) || p.Option != c.option):
				t.Errorf("got %v, want a problem of %s", err, c.option)
			}
		})
	}
}

func TestSettingsCheckReportsAll(t *testing.T) {
	err := Settings{Seed: -5}.Check()
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v, want joined problems", err)
	}
	var options []string
	for _, e := range many.Unwrap() {
		var p *Problem
		if !errors.As(e, &p) {
			t.Fatalf("got %T, want *Problem", e)
		}
		options = append(options, p.Option)
	}
	if got, want := len(options), 7; got != want {
		t.Errorf("got problems of %v, want %d: epochs, lr, batch_size, schedule, gamma, loss_interval, seed", options, want)
	}
}
