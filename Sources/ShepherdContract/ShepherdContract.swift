// ShepherdContract
