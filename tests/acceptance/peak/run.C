// Fits a peak over a flat background, filled with a fixed seed, and writes the result.

#include <TF1.h>
#include <TFitResult.h>
#include <TH1D.h>
#include <TRandom3.h>

#include <fstream>

void run()
{
   TRandom3 random(1989);
   TH1D mass("mass", "", 60, 60, 120);
   for (int i = 0; i < 20000; i++)
      mass.Fill(random.Gaus(91.19, 2.5));
   for (int i = 0; i < 5000; i++)
      mass.Fill(random.Uniform(60, 120));

   TF1 model("model", "gaus(0) + pol1(3)", 60, 120);
   model.SetParameters(3000, 90, 2, 80, 0);
   TFitResultPtr fit = mass.Fit(&model, "S Q N I");

   std::ofstream("numbers.json") << Form(
      "{\"entries\": %.0f, \"status\": %d, \"mean\": %.17g, \"mean error\": %.17g, \"chi2\": %.17g}",
      mass.GetEntries(), int(fit), fit->Parameter(1), fit->ParError(1), fit->Chi2());
}
