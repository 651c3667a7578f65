// Makes events.root. It is kept: an acceptance test reads old files as they are.

#include <TFile.h>
#include <TRandom3.h>
#include <TTree.h>

void make()
{
   TRandom3 random(2012);
   TFile file("events.root", "RECREATE");
   TTree events("events", "pairs of muons");
   int run, charge;
   float pt1, pt2, eta1, eta2;
   events.Branch("run", &run);
   events.Branch("charge", &charge);
   events.Branch("pt1", &pt1);
   events.Branch("pt2", &pt2);
   events.Branch("eta1", &eta1);
   events.Branch("eta2", &eta2);
   for (int i = 0; i < 500; i++) {
      run = 190000 + i / 50;
      charge = random.Integer(5) ? 0 : 2;
      pt1 = random.Gaus(45, 4);
      pt2 = random.Gaus(45, 4);
      eta1 = random.Gaus(0, 0.3);
      eta2 = random.Gaus(0, 0.3);
      events.Fill();
   }
   file.Write();
}
