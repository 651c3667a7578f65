#pragma once
#include <TObject.h>
#include <vector>

class Event : public TObject {
public:
   std::vector<double> energies;
   double total() const;
   ClassDefOverride(Event, 1)
};
