#include "Event.h"
#include <TFile.h>
#include <TTree.h>

int main(int, char **argv)
{
   TFile file(argv[1], "RECREATE");
   TTree tree("tree", "");
   Event event;
   tree.Branch("event", &event);
   for (int i = 0; i < 100; ++i) {
      event.energies = {1. * i, 2. * i};
      tree.Fill();
   }
   file.Write();
}
