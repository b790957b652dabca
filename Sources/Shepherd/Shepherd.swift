// Shepherd
