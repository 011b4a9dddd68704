// Package train fits a network to labelled images by stochastic gradient
// descent, and measures how well it classifies.
//
// A training is a function of the network, the two data splits, the Settings
// and the seed: the same bits come out whatever the number of workers, and
// whether it ran in one go or was interrupted and continued.
package train

import (
	"errors"
	"fmt"
	"math"
)

// Settings says how to train. It is the section model.train of a
// specification; DefaultSettings holds the defaults.
//
// The conventions are PyTorch's (torch.optim.SGD): with g the gradient of the
// mean cross-entropy of a batch, g += weight_decay*w; v = momentum*v + g;
// w -= lr*v.
type Settings struct {
	Epochs       int     `yaml:"epochs" json:"epochs"`               // passes over the training split, 1 to 100000
	LR           float64 `yaml:"lr" json:"lr"`                       // learning rate of the first epoch, above 0
	Momentum     float64 `yaml:"momentum" json:"momentum"`           // 0 to below 1
	BatchSize    int     `yaml:"batch_size" json:"batch_size"`       // images a step, 1 to 65536; the last batch of an epoch may be smaller
	WeightDecay  float64 `yaml:"weight_decay" json:"weight_decay"`   // L2 penalty on weights and biases, 0 or more
	Schedule     string  `yaml:"schedule" json:"schedule"`           // constant, step or cosine: see Settings.Rate
	StepSize     int     `yaml:"step_size" json:"step_size"`         // schedule step: epochs between two reductions
	Gamma        float64 `yaml:"gamma" json:"gamma"`                 // schedule step: factor of a reduction, above 0, at most 1
	MinLR        float64 `yaml:"min_lr" json:"min_lr"`               // schedule cosine: learning rate it runs towards, 0 to lr
	CropPadding  int     `yaml:"crop_padding" json:"crop_padding"`   // pixels of black around an image before a random crop to its own size, 0 to 64; 0 means no crop
	Flip         bool    `yaml:"flip" json:"flip"`                   // mirror every second image, chosen at random, left to right
	LossInterval int     `yaml:"loss_interval" json:"loss_interval"` // batches per running loss, 1 or more
	Seed         int64   `yaml:"seed" json:"seed"`                   // of initialisation, order and augmentation; -1 means the run's
}

// DefaultSettings returns the settings of the CIFAR-10 tutorials of PyTorch and
// Captum: five epochs of batches of four at learning rate 0.001 and momentum
// 0.9, with a running loss every 2000 batches.
func DefaultSettings() Settings {
	return Settings{Epochs: 5, LR: 0.001, Momentum: 0.9, BatchSize: 4, Schedule: "constant", Gamma: 0.1, LossInterval: 2000, Seed: -1}
}

// Problem is one option that cannot be.
type Problem struct {
	Option string // yaml name, "lr"
	Msg    string // "is 0, want a number above 0"
}

// Error returns option and message.
func (p *Problem) Error() string { return p.Option + " " + p.Msg }

// Check reports every option that is out of range, as Problems joined by
// errors.Join.
func (s Settings) Check() error {
	var errs []error
	bad := func(option, format string, a ...any) {
		errs = append(errs, &Problem{option, fmt.Sprintf(format, a...)})
	}
	whole := func(option string, v, low, high int) {
		if v < low || v > high {
			bad(option, "is %d, want %d to %d", v, low, high)
		}
	}
	whole("epochs", s.Epochs, 1, 100000)
	// The step is taken in float32: what that cannot hold is no learning rate.
	if r := float32(s.LR); !(r > 0) || math.IsInf(float64(r), 0) {
		bad("lr", "is %g, want a number above 0 that float32 can hold", s.LR)
	}
	if r := float32(s.Momentum); !(s.Momentum >= 0) || r >= 1 {
		bad("momentum", "is %g, want 0 to below 1", s.Momentum)
	}
	whole("batch_size", s.BatchSize, 1, 65536)
	if r := float32(s.WeightDecay); !(s.WeightDecay >= 0) || math.IsInf(float64(r), 0) {
		bad("weight_decay", "is %g, want a finite number, 0 or more", s.WeightDecay)
	}
	switch s.Schedule {
	case "constant", "step", "cosine":
	default:
		bad("schedule", "is %q, want constant, step or cosine", s.Schedule)
	}
	if s.Schedule == "step" {
		whole("step_size", s.StepSize, 1, 100000)
	} else if s.StepSize != 0 {
		bad("step_size", "is %d, but the schedule is %s: only schedule step has steps", s.StepSize, s.Schedule)
	}
	if !(s.Gamma > 0 && s.Gamma <= 1) {
		bad("gamma", "is %g, want above 0, at most 1", s.Gamma)
	}
	if s.Schedule == "cosine" {
		if !(s.MinLR >= 0 && s.MinLR <= s.LR) {
			bad("min_lr", "is %g, want 0 to lr, which is %g", s.MinLR, s.LR)
		}
	} else if s.MinLR != 0 {
		bad("min_lr", "is %g, but the schedule is %s: only schedule cosine has a minimum", s.MinLR, s.Schedule)
	}
	whole("crop_padding", s.CropPadding, 0, 64)
	whole("loss_interval", s.LossInterval, 1, math.MaxInt32)
	if s.Seed < -1 {
		bad("seed", "is %d, want 0 or more, or -1 for the run's", s.Seed)
	}
	return errors.Join(errs...)
}

// SeedOf returns the seed to train with in a run of the given seed.
func (s Settings) SeedOf(run uint64) uint64 {
	if s.Seed >= 0 {
		return uint64(s.Seed)
	}
	return run
}
